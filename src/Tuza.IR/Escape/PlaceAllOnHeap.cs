// The placement that needs no proof: whatever could escape is on the heap (`-d=off:escape`).
//
// Variables whose address is taken or that a closure captures go to the heap and are shared by reference, and so does every allocation. It is
// always sound, and so tells a wrong escape decision from another bug: a program that fails with escape analysis and works without has found one.

namespace Tuza.IR;

public static class PlaceAllOnHeap
{
    public static void Run(Function f)
    {
        if (f.Body == null)
            return;
        foreach (var local in f.Locals)
            if (local.Class != LocalClass.Captured && (local.AddrTaken || local.IsCapturedByClosure))
                local.OnHeap = true;
        foreach (var captured in f.ClosureVars)
            captured.ByValue = captured.Outer == null; // the receiver of a method value has no variable outside
        Walk.Preorder(f.Body, Place, null);
    }

    static bool Place(ExprNode n)
    {
        n.Escapes = true;
        return true;
    }
}
