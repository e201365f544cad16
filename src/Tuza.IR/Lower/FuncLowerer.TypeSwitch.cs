// Type switches.
//
// Cases are tested in order. Concrete types (and nil) that follow one another exclude each other, so from five of them on a jump table over some bits
// of the type's hash leads to the one that can match; descriptors and itabs hold the hash at the same place. The bits are chosen so that no
// two cases of the run share them; where no choice does that, the run is tested one by one.

using System.Collections.Generic;
using System.Numerics;
using System.Text;
using Tuza.Types;

namespace Tuza.IR;

sealed partial class FuncLowerer
{
    const int MinHashed = 5, HashOffset = 16, HashBits = 32;

    void TypeSwitch(TypeSwitchNode s)
    {
        Order(s.X);
        var x = Materialize(Scalars(s.X));
        var ifaceType = s.X.Type;
        bool empty = IsEmptyInterface(ifaceType);
        var end = NewBlock();
        LowBlock? @default = null;
        LowExpr? dynamic = null;
        var bodies = new LowBlock[s.Cases.Count];
        var itabs = new LowExpr?[s.Cases.Count];
        var tests = new List<(int Case, GoType? Type)>();
        for (int i = 0; i < bodies.Length; i++)
        {
            bodies[i] = NewBlock();
            if (s.Cases[i].IsDefault)
                @default = bodies[i];
            foreach (var t in s.Cases[i].Types)
                tests.Add((i, t));
        }
        for (int at = 0; at < tests.Count;)
        {
            int to = at;
            while (to < tests.Count && !IsInterfaceCase(tests[to].Type))
                to++;
            var next = NewBlock();
            if (to - at >= MinHashed && ByHash(x[0], ifaceType, tests.GetRange(at, to - at), bodies, next))
            {
                at = to;
                _cur = next;
                continue;
            }
            var (index, type) = tests[at++];
            var body = bodies[index];
            if (type == null)
                Branch(L.Cmp(LowOp.Eq, x[0], L.Nil), body, next);
            else if (!Predicates.IsInterface(type))
                Branch(L.Cmp(LowOp.Eq, x[0], TypeWord(type, ifaceType)), body, next);
            else
            {
                // The dynamic type is computed where it is needed; in an empty interface it is the word itself.
                if (dynamic == null || !empty)
                    dynamic = empty ? x[0] : Use(TypeOfIface(x[0], false));
                var some = NewBlock();
                Branch(L.Cmp(LowOp.Ne, x[0], L.Nil), some, next);
                _cur = some;
                if (IsEmptyInterface(type))
                {
                    itabs[index] = dynamic;
                    Jump(body);
                }
                else
                {
                    itabs[index] = CallRuntime1("runtime.assertE2I2", L.TypeAddr(type), dynamic);
                    Branch(L.Cmp(LowOp.Ne, itabs[index]!, L.Nil), body, next);
                }
            }
            _cur = next;
        }
        Jump(@default ?? end);
        _scopes.Add(new Scope(s.Label, end, null));
        for (int i = 0; i < bodies.Length; i++)
        {
            var c = s.Cases[i];
            _cur = bodies[i];
            if (c.Var != null)
                DeclareWith(c.Var, CaseValue(c, x, itabs[i]));
            Stmts(c.Body);
            Jump(end);
        }
        _scopes.RemoveAt(_scopes.Count - 1);
        _cur = end;
    }

    static bool IsInterfaceCase(GoType? t) => t != null && Predicates.IsInterface(t);

    /// <summary>All cases of the run at once; false if their hashes do not allow it.</summary>
    bool ByHash(LowExpr word, GoType ifaceType, List<(int Case, GoType? Type)> run, LowBlock[] bodies, LowBlock next)
    {
        var hashed = new List<(uint Hash, GoType Type, LowBlock Body)>();
        var nil = next;
        foreach (var (index, type) in run)
            if (type == null)
                nil = bodies[index];
            else
                hashed.Add((TypeWriter.TypeHash(Encoding.UTF8.GetBytes(TypeWriter.LinkName(type))), type, bodies[index]));
        if (hashed.Count < MinHashed)
            return false;
        var (shift, bits) = Slots(hashed.ConvertAll(static h => h.Hash));
        if (bits == 0)
            return false;
        var some = NewBlock();
        Branch(L.Cmp(LowOp.Eq, word, L.Nil), nil, some);
        _cur = some;
        LowExpr hash = L.Load(LowType.U32, word, HashOffset);
        if (shift > 0)
            hash = L.Bin(LowOp.ShrU, LowType.U32, hash, L.Int(LowType.I32, shift));
        if (shift + bits < HashBits)
            hash = L.Bin(LowOp.And, LowType.U32, hash, L.Int(LowType.U32, (1 << bits) - 1));
        var table = new LowSwitch { Value = hash, Default = next };
        for (int i = 0; i < 1 << bits; i++)
            table.Targets.Add(next);
        var found = new List<(LowBlock Test, GoType Type, LowBlock Body)>();
        foreach (var (h, type, body) in hashed)
        {
            var test = NewBlock();
            table.Targets[(int)((h >> shift) & ((1u << bits) - 1))] = test;
            found.Add((test, type, body));
        }
        Terminate(table);
        foreach (var (test, type, body) in found)
        {
            _cur = test;
            Branch(L.Cmp(LowOp.Eq, word, TypeWord(type, ifaceType)), body, next);
        }
        return true;
    }

    /// <summary>The fewest bits that tell the hashes apart, with a table of at most eight entries a case; 0 bits if there are none.</summary>
    static (int Shift, int Bits) Slots(List<uint> hashes)
    {
        const int LogSlack = 3;
        int least = BitOperations.Log2((uint)hashes.Count - 1) + 1;
        for (int bits = least; bits <= least + LogSlack; bits++)
            for (int shift = 0; shift + bits <= HashBits; shift++)
            {
                var seen = new HashSet<uint>();
                if (hashes.TrueForAll(h => seen.Add((h >> shift) & ((1u << bits) - 1))))
                    return (shift, bits);
            }
        return (0, 0);
    }

    Val CaseValue(CaseNode c, LowExpr[] x, LowExpr? itab)
    {
        if (c.Types.Count != 1 || c.Types[0] is not { } t)
            return new Val([x[0], x[1]], default);
        if (Predicates.IsInterface(t))
            return Val.Of(itab!, x[1]);
        if (Flatten.IsMemory(t))
            return Val.At(new Addr(x[1], AddrKind.Heap));
        return new Val(Flatten.SizeOf(t) == 0 ? Zeros(Flatten.Of(t)) : Unboxed(t, x[1]), default);
    }
}
