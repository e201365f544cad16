// select statements.
//
// No case blocks for ever; one case is the plain operation; one case and a default asks without blocking. Otherwise the cases go into an array in
// the frame, sends from the front and receives from the back, and the runtime says which one ran.

using System.Collections.Generic;
using Tuza.Types;

namespace Tuza.IR;

sealed partial class FuncLowerer
{
    void Select(SelectNode s)
    {
        var end = NewBlock();
        var comms = s.Cases.FindAll(static c => c.Comm != null);
        var @default = s.Cases.Find(static c => c.Comm == null);
        _scopes.Add(new Scope(s.Label, end, null));
        if (comms.Count == 0)
        {
            if (@default == null)
            {
                CallRuntime("runtime.block");
                Terminate(new LowUnreachable());
            }
            else
                Stmts(@default.Body);
        }
        else if (comms.Count == 1 && @default == null)
            SelectOne(comms[0]);
        else if (comms.Count == 1)
            SelectOrDefault(comms[0], @default!, end);
        else
            SelectMany(comms, @default, end);
        Jump(end);
        _scopes.RemoveAt(_scopes.Count - 1);
        _cur = end;
    }

    void SelectOne(CommNode c)
    {
        Stmt(c.Comm!);
        Stmts(c.Body);
    }

    static RecvNode RecvOf(CommNode c) => (RecvNode)((AssignOkNode)c.Comm!).Y;

    void SelectOrDefault(CommNode c, CommNode @default, LowBlock end)
    {
        _pos = c.Comm!.Pos;
        var yes = NewBlock();
        var no = NewBlock();
        if (c.Comm is SendNode send)
        {
            OrderAll([send.Chan, send.Value]);
            var chan = Use(One(send.Chan));
            var ok = CallRuntime1("runtime.selectnbsend", chan, AddressToRead(send.Value));
            Branch(ok, yes, no);
            _cur = yes;
        }
        else
        {
            var recv = RecvOf(c);
            Order(recv.Chan);
            var chan = Use(One(recv.Chan));
            var (dst, elem) = RecvSlot(recv, ((AssignOkNode)c.Comm).X != null);
            var r = CallRuntime("runtime.selectnbrecv", dst, chan);
            Branch(r[0], yes, no);
            _cur = yes;
            Received(c, dst, elem, r[1]);
        }
        Stmts(c.Body);
        Jump(end);
        _cur = no;
        Stmts(@default.Body);
    }

    (LowExpr Dst, GoType Elem) RecvSlot(RecvNode r, bool wanted)
    {
        var elem = ((ChanType)r.Chan.Type.Underlying).Elem;
        if (!wanted || Flatten.SizeOf(elem) == 0)
            return (L.Nil, elem);
        var slot = TempSlot(elem);
        Emit(new LowZeroSlot { Slot = slot });
        return (L.SlotAddr(slot), elem);
    }

    /// <summary>Stores what was received where the case says.</summary>
    void Received(CommNode c, LowExpr dst, GoType elem, LowExpr ok)
    {
        var a = (AssignOkNode)c.Comm!;
        if (a.Init is { Count: > 0 })
            Stmts(a.Init);
        OrderAll([a.X, a.Ok]);
        var v = Flatten.SizeOf(elem) == 0 ? new Val(Zeros(Flatten.Of(elem)), default) : ItemAt(new Addr(dst, AddrKind.Stack), elem);
        if (a.X == null)
            v = default;
        StoreOk(a.X, a.Ok, v, ok, elem);
    }

    void SelectMany(List<CommNode> comms, CommNode? @default, LowBlock end)
    {
        int n = comms.Count, sends = 0, recvs = 0;
        var words = new bool[2 * n];
        System.Array.Fill(words, true);
        var cases = _low.NewSlot(16 * n, 8, words, ".select");
        var order = _low.NewSlot(4 * n, 8, null, ".order");
        var index = new int[n];
        var chans = new LowExpr[n];
        var items = new LowExpr[n];
        var elems = new GoType?[n];
        for (int i = 0; i < n; i++)
        {
            _pos = comms[i].Comm!.Pos;
            if (comms[i].Comm is SendNode send)
            {
                OrderAll([send.Chan, send.Value]);
                chans[i] = Keep(One(send.Chan));
                items[i] = AddressToRead(send.Value);
                index[i] = sends++;
            }
            else
            {
                var recv = RecvOf(comms[i]);
                Order(recv.Chan);
                chans[i] = Keep(One(recv.Chan));
                (items[i], elems[i]) = RecvSlot(recv, ((AssignOkNode)comms[i].Comm!).X != null);
                index[i] = n - ++recvs;
            }
        }
        for (int i = 0; i < n; i++)
        {
            var at = new Addr(L.SlotAddr(cases), AddrKind.Stack, 16 * index[i]);
            StoreScalar(at, LowType.Ptr, chans[i], true);
            StoreScalar(at, LowType.Ptr, items[i], true, 8);
        }
        var r = CallRuntime("runtime.selectgo", L.SlotAddr(cases), L.SlotAddr(order), L.U64(0), L.I64(sends), L.I64(recvs), L.Bool(@default == null));
        if (@default != null)
        {
            var chosen = NewBlock();
            var none = NewBlock();
            Branch(L.Cmp(LowOp.LtS, r[0], L.I64(0)), none, chosen);
            _cur = none;
            Stmts(@default.Body);
            Jump(end);
            _cur = chosen;
        }
        for (int i = 0; i < n; i++)
        {
            var body = NewBlock();
            var next = NewBlock();
            if (i + 1 < n)
                Branch(L.Cmp(LowOp.Eq, r[0], L.I64(index[i])), body, next);
            else
                Jump(body);
            _cur = body;
            if (comms[i].Comm is AssignOkNode)
                Received(comms[i], items[i], elems[i]!, r[1]);
            Stmts(comms[i].Body);
            Jump(end);
            _cur = next;
        }
        _cur = null;
    }
}
