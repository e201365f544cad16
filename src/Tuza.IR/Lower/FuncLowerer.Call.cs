// Calls of all kinds, and go.

using System.Collections.Generic;
using Tuza.Types;

namespace Tuza.IR;

sealed partial class FuncLowerer
{
    const int ItabFun = 24;

    /// <summary>Calls for effect. <paramref name="hidden"/>: where the memory results go, or null for temporaries.</summary>
    void Call(CallNode c, LowExpr[]? hidden)
    {
        if (Intrinsics.TryLower(this, c, out _))
            return;
        EmitCall(c, hidden, null, true);
    }

    LowExpr[] CallScalars(CallNode c)
    {
        if (Intrinsics.TryLower(this, c, out var r))
            return r.Length == 0 ? Zeros(Flatten.Of(c.Type)) : r[0].Scalars!;
        return EmitCall(c, null, null, false)[0].Scalars!;
    }

    Addr CallMemory(CallNode c) => EmitCall(c, null, null, false)[0].Mem;

    static List<GoType> ResultsOf(GoType? type)
    {
        var list = new List<GoType>();
        if (type is TupleType t)
            foreach (var v in t.Vars)
                list.Add(v.Type);
        else if (type != null)
            list.Add(type);
        return list;
    }

    /// <summary>Emits the call; the values are in fresh temporaries, or scalars in <paramref name="into"/>.</summary>
    Val[] EmitCall(CallNode c, LowExpr[]? hidden, LowLocal[]? into, bool ignore)
    {
        var results = ResultsOf(c.Type);
        var call = new LowCall();
        var vals = new Val[results.Count];
        int memory = 0, scalar = 0;
        for (int i = 0; i < results.Count; i++)
            if (Flatten.IsMemory(results[i]))
            {
                var dst = hidden?[memory] ?? L.SlotAddr(TempSlot(results[i]));
                memory++;
                call.Args.Add(dst);
                vals[i] = Val.At(new Addr(dst, AddrKind.Stack));
            }
            else
            {
                var flat = Flatten.Of(results[i]);
                var locals = new LowExpr[flat.Scalars.Length];
                for (int k = 0; k < locals.Length; k++)
                {
                    call.ResultTypes.Add(flat.Scalars[k].Type);
                    var local = ignore ? null : into != null ? into[scalar] : NewTemp(flat.Scalars[k].Type, flat.Scalars[k].Tracked);
                    scalar++;
                    call.Results.Add(local);
                    locals[k] = local == null ? L.Zero(flat.Scalars[k].Type) : L.Ref(local);
                }
                vals[i] = new Val(locals, default);
            }
        call.MemResults = memory;
        List<LowExpr>? keep = null;
        var save = _pos;
        if (c.Pos.IsKnown)
            _pos = c.Pos;
        if (c.Iface != null)
        {
            var iface = Scalars(c.Iface);
            call.Kind = LowCallKind.CodePtr;
            var tab = Use(iface[0]);
            call.Args.Add(iface[1]);
            AddArgs(call, c.Args);
            NonNil(tab);
            var set = ((InterfaceType)c.Iface.Type.Underlying).TypeSet;
            int index = set.IndexOf(c.Method!.Pkg, c.Method.Name);
            if (index < 0)
                throw Bug($"interface {c.Iface.Type} has no method {c.Method.Name}");
            call.Target = L.Load(LowType.Ptr, tab, ItabFun + (8 * index));
        }
        else if (c.StaticCallee is { } callee)
        {
            call.Kind = LowCallKind.Direct;
            call.Func = callee;
            call.NoReturn = s_fatal.Contains(callee.LinkName);
            bool keepAlive = callee.Body == null || (callee.Pragma & (Pragma.UintptrKeepAlive | Pragma.UintptrEscapes)) != 0;
            AddArgs(call, c.Args, keepAlive ? keep = [] : null);
            if ((callee.Pragma & Pragma.UintptrKeepAlive) != 0)
                _low.Room = SyscallRoomBytes;
        }
        else
        {
            call.Kind = LowCallKind.Closure;
            AddArgs(call, c.Args);
            call.Target = NonNil(One(c.Fun!));
        }
        Emit(call);
        if (keep != null)
            foreach (var p in keep)
                KeepAlive(p);
        if (call.NoReturn)
            Terminate(new LowUnreachable());
        _pos = save;
        return vals;
    }

    /// <summary>Functions of the runtime, by the names under which packages of std call them, that end the process.</summary>
    static readonly HashSet<string> s_fatal =
    [
        "runtime.throw", "runtime.fatal", "sync.throw", "sync.fatal", "internal/sync.throw", "internal/sync.fatal", "internal/runtime/maps.fatal",
        "internal/runtime/cgroup.throw", "crypto/rand.fatal", "crypto/internal/sysrand.fatal", "crypto/internal/fips140.fatal",
    ];

    /// <summary>What a system call and the Go code around it need of the stack; the runtime wants as much when it enters one.</summary>
    const int SyscallRoomBytes = 4096 + 1024;

    /// <summary>A use that keeps the object alive up to here.</summary>
    void KeepAlive(LowExpr p) => CallRuntime("runtime.keepAlive", p);

    void AddArgs(LowCall call, List<ExprNode> args, List<LowExpr>? keep = null)
    {
        foreach (var a in args)
        {
            if (keep != null && a is ConvNode { Kind: ConvKind.PointerToUintptr } conv && !_done.ContainsKey(a))
            {
                var p = Use(One(conv.X));
                keep.Add(p);
                call.Args.Add(L.Conv(LowType.U64, p));
                continue;
            }
            if (keep != null && a is CompositeNode { Implicit: true } packed && !_done.ContainsKey(a))
            {
                foreach (var (_, e) in packed.Elems)
                    if (e is ConvNode { Kind: ConvKind.PointerToUintptr } c && !_done.ContainsKey(e))
                    {
                        var p = Use(One(c.X));
                        keep.Add(p);
                        _done[e] = Val.Of(L.Conv(LowType.U64, p));
                    }
            }
            if (!Flatten.IsMemory(a.Type))
            {
                call.Args.AddRange(Scalars(a));
                continue;
            }
            // The result of another call lies in a temporary of its own already.
            if (a is CallNode && _done.TryGetValue(a, out var v) && v.Mem is { Base: LowSlotAddr { Slot.AddrTaken: false }, Offset: 0, Index: null })
            {
                _done.Remove(a);
                call.Args.Add(v.Mem.Base);
                continue;
            }
            var slot = TempSlot(a.Type);
            Into(new Addr(L.SlotAddr(slot), AddrKind.Stack), a);
            call.Args.Add(L.SlotAddr(slot));
        }
    }

    /// <summary>A call of a function that lowering knows by name only (Go code of the runtime).</summary>
    void CallSymbol(string linkName, params LowExpr[] args)
    {
        var call = new LowCall { Kind = LowCallKind.Direct, Func = _lowerer.Symbol(linkName, args) };
        call.Args.AddRange(args);
        Emit(call);
    }

    // ---- go

    /// <summary>The func value of a `go` or `defer` call.</summary>
    LowExpr FuncValueOf(ExprNode call)
    {
        if (call is not CallNode { Fun: { } fun, Args.Count: 0 })
            throw Bug("go or defer of a call with arguments");
        Order(fun);
        return One(fun);
    }

    void Go(GoNode g)
    {
        RunInit(g.Call);
        CallRuntime("runtime.newproc", FuncValueOf(g.Call));
    }
}
