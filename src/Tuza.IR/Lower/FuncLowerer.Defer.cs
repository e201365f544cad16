// Deferred calls.
//
// A statement that runs at most once has its record in the frame, and queues it with a few stores (runtime.DeferRecord). If all statements of a function
// are of that kind, its returns call what was deferred by themselves: whether a statement ran tells the head of the goroutine's list, which is then
// that statement's record. Everything else, and the way out after a recovered panic, is left to runtime.deferreturn, which looks at the list alone.
//
// The record's words need no map: the list is a root, and whoever moves the stack mends it.

using System.Collections.Generic;
using Tuza.Abi;

namespace Tuza.IR;

sealed partial class FuncLowerer
{
    /// <summary>More calls than that are not worth the code (gc draws the same lines).</summary>
    const int MostOpenDefers = 8, MostOpenCalls = 15;

    readonly List<(LowSlot Record, Function? Body)> _openDefers = [];
    bool? _opensDefers;

    void Defer(DeferNode d)
    {
        RunInit(d.Call);
        if (d.At != null)
        {
            Order(d.At);
            var token = Scalars(d.At);
            var call = FuncValueOf(d.Call);
            CallSymbol("runtime.deferprocat", call, token[0], token[1]);
            return;
        }
        var fn = FuncValueOf(d.Call);
        if (d.OnHeap)
        {
            CallRuntime("runtime.deferproc", fn, new LowFrameToken { Type = LowType.U64 });
            return;
        }
        var record = AddressedSlot(DeferLayout.Size, 8, null, ".defer");
        _openDefers.Add((record, d.Call is CallNode { Fun: ClosureNode { Func: { ClosureVars.Count: > 0 } body } } ? body : null));
        SetWord(record, DeferLayout.Fn, fn);
        SetWord(record, DeferLayout.Link, Deferred());
        SetWord(record, DeferLayout.Frame, new LowFrameToken { Type = LowType.U64 });
        SetWord(record, DeferLayout.Head, L.Nil);
        SetWord(record, DeferLayout.State, L.U64(0));
        SetDeferred(L.SlotAddr(record));
    }

    void SetWord(LowSlot record, int offset, LowExpr value) =>
        Emit(new LowStore { StoreType = value.Type, Addr = L.SlotAddr(record, offset), Value = value });

    /// <summary>The goroutine's list of deferred calls.</summary>
    static LowExpr Deferred() => L.Load(LowType.Ptr, new LowG { Type = LowType.Ptr }, DeferLayout.InG);

    void SetDeferred(LowExpr record) =>
        Emit(new LowStore { StoreType = LowType.Ptr, Addr = new LowG { Type = LowType.Ptr }, Offset = DeferLayout.InG, Value = record });

    /// <summary>A return runs what the function has deferred, last first.</summary>
    void RunDeferred()
    {
        if (!(_opensDefers ??= OpensDefers()))
        {
            CallRuntime("runtime.deferreturn", new LowFrameToken { Type = LowType.U64 });
            return;
        }
        // What stands behind this return cannot have run: there are no loops around a defer here.
        for (int i = _openDefers.Count - 1; i >= 0; i--)
        {
            var (record, body) = _openDefers[i];
            LowBlock run = NewBlock(), next = NewBlock();
            Branch(L.Cmp(LowOp.Eq, Deferred(), L.SlotAddr(record)), run, next);
            _cur = run;
            SetDeferred(L.Load(LowType.Ptr, L.SlotAddr(record, DeferLayout.Link)));
            var fn = Use(L.Load(LowType.Ptr, L.SlotAddr(record, DeferLayout.Fn)));
            Emit(new LowCall { Kind = LowCallKind.Closure, Target = body != null ? fn : NonNil(fn), Func = body });
            Jump(next);
            _cur = next;
        }
    }

    bool OpensDefers()
    {
        int defers = 0, returns = 1;
        bool open = true;
        Walk.Preorder(_tree.Body!, e =>
        {
            open &= e is not CallNode { StaticCallee.LinkName: "runtime.deferrangefunc" };
            return true;
        }, s =>
        {
            if (s is ReturnNode)
                returns++;
            else if (s is DeferNode d)
            {
                defers++;
                open &= !d.OnHeap;
            }
            return true;
        });
        return open && defers <= MostOpenDefers && defers * returns <= MostOpenCalls;
    }
}
