// Bridges between flattened calls and argument frames in memory, for reflect.
//
// A frame (Go's stack ABI) is: the receiver word (methods), the arguments in order at their natural alignment, then, 8-aligned, the results.
//
//   invoker    func(fn, frame unsafe.Pointer): loads the arguments from the frame, calls fn (a funcval, or a method's code word), stores the results
//   stub       the code behind a func value made by reflect: spills its arguments into a frame of its own, calls reflect.callReflect or
//              reflect.callMethod (ctxt, frame, retValid, regs), loads the results
//
// Both depend on the flattened shape and the frame layout only, so they are made once per signature.

using System.Collections.Generic;
using Tuza.Types;

namespace Tuza.IR;

/// <summary>Offsets of a signature's parts in an argument frame.</summary>
public sealed class CallFrame
{
    public List<long> ArgOffsets { get; } = [];
    public List<long> ResultOffsets { get; } = [];
    public long ResultStart { get; private set; }
    public long Size { get; private set; }

    public static CallFrame Of(Signature sig, bool method)
    {
        var f = new CallFrame();
        long at = method ? 8 : 0;
        foreach (var p in sig.Params.Vars)
        {
            var flat = Flatten.Of(p.Type);
            at = Align(at, flat.Align);
            f.ArgOffsets.Add(at);
            at += flat.Size;
        }
        f.ResultStart = at = Align(at, 8);
        foreach (var r in sig.Results.Vars)
        {
            var flat = Flatten.Of(r.Type);
            at = Align(at, flat.Align);
            f.ResultOffsets.Add(at);
            at += flat.Size;
        }
        f.Size = Align(at, 8);
        return f;
    }

    static long Align(long n, int align) => align <= 1 ? n : (n + align - 1) / align * align;
}

public sealed class Invokers
{
    readonly Lowerer _lowerer;
    readonly Dictionary<string, LowFunction> _made = [];

    internal Invokers(Lowerer lowerer) => _lowerer = lowerer;

    /// <summary>Calls a func value (or, for methods, a code word with the receiver word from the frame) with arguments from memory.</summary>
    public LowFunction For(Signature sig, bool method) =>
        Make((method ? "reflect.invokeMethod." : "reflect.invoke.") + Key(sig), [Universe.UnsafePointer, Universe.UnsafePointer], f => f.MakeInvoker(sig, method));

    /// <summary>The code of a func value made by reflect.MakeFunc (or of a method value made by reflect).</summary>
    public LowFunction StubFor(Signature sig, bool methodValue)
    {
        string name = (methodValue ? "reflect.methodStub." : "reflect.funcStub.") + Key(sig);
        if (_made.TryGetValue(name, out var low))
            return low;
        var tree = Lowerer.NewSymbol(name, _lowerer.Package.Pkg, TypesOf(sig.Params), TypesOf(sig.Results));
        tree.IsClosure = true;
        tree.IsWrapper = true;
        low = new FuncLowerer(_lowerer, tree).MakeStub(sig, methodValue);
        _made.Add(name, low);
        _lowerer.Generated.Enqueue(low);
        return low;
    }

    LowFunction Make(string name, GoType[] parameters, System.Func<FuncLowerer, LowFunction> make)
    {
        if (_made.TryGetValue(name, out var low))
            return low;
        var tree = Lowerer.NewSymbol(name, _lowerer.Package.Pkg, parameters, []);
        tree.IsWrapper = true;
        low = make(new FuncLowerer(_lowerer, tree));
        _made.Add(name, low);
        _lowerer.Generated.Enqueue(low);
        return low;
    }

    static GoType[] TypesOf(TupleType t)
    {
        var list = new GoType[t.Count];
        for (int i = 0; i < list.Length; i++)
            list[i] = t.At(i);
        return list;
    }

    /// <summary>What the code depends on: sizes, alignments, scalars and pointers of the parts, not their names.</summary>
    static string Key(Signature sig)
    {
        var key = new System.Text.StringBuilder();
        Add(sig.Params);
        key.Append(':');
        Add(sig.Results);
        return key.ToString();

        void Add(TupleType parts)
        {
            for (int i = 0; i < parts.Count; i++)
            {
                var flat = Flatten.Of(parts.At(i));
                key.Append(i > 0 ? "," : "").Append(flat.Size).Append('.').Append(flat.Align);
                if (flat.IsMemory)
                {
                    key.Append('m');
                    foreach (bool word in flat.PtrWords ?? [])
                        key.Append(word ? 'p' : '-');
                }
                else
                {
                    foreach (var scalar in flat.Scalars)
                        key.Append('+').Append(scalar.Offset).Append(scalar.Type).Append(scalar.Tracked ? "!" : "");
                }
            }
        }
    }
}

sealed partial class FuncLowerer
{
    internal LowFunction MakeInvoker(Signature sig, bool method)
    {
        BeginSynthetic();
        var fn = ParamRef(0);
        var frame = new Addr(ParamRef(1), AddrKind.Heap);
        var layout = CallFrame.Of(sig, method);
        var call = new LowCall { Kind = method ? LowCallKind.CodePtr : LowCallKind.Closure, Target = fn };
        var results = new List<(Addr Dst, GoType Type, Val Value)>();
        for (int i = 0; i < sig.Results.Count; i++)
        {
            var t = sig.Results.At(i);
            var flat = Flatten.Of(t);
            var dst = frame.Plus(layout.ResultOffsets[i]);
            if (flat.IsMemory)
            {
                var slot = L.SlotAddr(TempSlot(t));
                call.Args.Add(slot);
                call.MemResults++;
                results.Add((dst, t, Val.At(new Addr(slot, AddrKind.Stack))));
                continue;
            }
            var locals = new LowExpr[flat.Scalars.Length];
            for (int k = 0; k < locals.Length; k++)
            {
                var l = NewTemp(flat.Scalars[k].Type, flat.Scalars[k].Tracked);
                call.ResultTypes.Add(l.Type);
                call.Results.Add(l);
                locals[k] = L.Ref(l);
            }
            results.Add((dst, t, new Val(locals, default)));
        }
        if (method)
            call.Args.Add(LoadScalar(frame, LowType.Ptr));
        for (int i = 0; i < sig.Params.Count; i++)
        {
            var t = sig.Params.At(i);
            var flat = Flatten.Of(t);
            var src = frame.Plus(layout.ArgOffsets[i]);
            if (!flat.IsMemory)
            {
                call.Args.AddRange(LoadScalars(src, flat));
                continue;
            }
            var slot = new Addr(L.SlotAddr(TempSlot(t)), AddrKind.Stack);
            CopyMemory(slot, src, t, false);
            call.Args.Add(slot.Base);
        }
        Emit(call);
        foreach (var (dst, t, v) in results)
            StoreVal(Place.At(dst), v, t);
        Terminate(new LowReturn());
        return FinishSynthetic();
    }

    internal LowFunction MakeStub(Signature sig, bool methodValue)
    {
        BeginSynthetic();
        var ctx = NewTemp(LowType.Ptr);
        Assign(ctx, new LowCtx { Type = LowType.Ptr });
        var layout = CallFrame.Of(sig, false);
        var pointers = new bool[layout.Size / 8];
        for (int i = 0; i < sig.Params.Count; i++)
            Flatten.MarkPointers(sig.Params.At(i), layout.ArgOffsets[i], pointers);
        for (int i = 0; i < sig.Results.Count; i++)
            Flatten.MarkPointers(sig.Results.At(i), layout.ResultOffsets[i], pointers);
        LowExpr frameAddr = L.GlobalAddr(ZeroBase);
        var frame = new Addr(frameAddr, AddrKind.Stack);
        if (layout.Size > 0)
        {
            var slot = AddressedSlot(layout.Size, 8, pointers, ".frame");
            Emit(new LowZeroSlot { Slot = slot });
            frame = new Addr(L.SlotAddr(slot), AddrKind.Stack);
            frameAddr = frame.Base;
        }
        for (int i = 0; i < sig.Params.Count; i++)
        {
            var t = sig.Params.At(i);
            var home = HomePlace(_tree.Params[i]);
            StoreVal(Place.At(frame.Plus(layout.ArgOffsets[i])), home.IsMemory ? Val.At(home.Mem) : new Val(LoadPlace(home, Flatten.Of(t)), default), t);
        }
        var valid = AddressedSlot(8, 8, null, ".retvalid");
        Emit(new LowZeroSlot { Slot = valid });
        CallSymbol(methodValue ? "reflect.callMethod" : "reflect.callReflect", L.Ref(ctx), frameAddr, L.SlotAddr(valid), L.GlobalAddr(ZeroBase));
        var values = new List<LowExpr>();
        int hidden = 0;
        for (int i = 0; i < sig.Results.Count; i++)
        {
            var t = sig.Results.At(i);
            var src = frame.Plus(layout.ResultOffsets[i]);
            if (Flatten.IsMemory(t))
                CopyMemory(new Addr(L.Ref(_hidden[hidden++]), AddrKind.Stack), src, t, false);
            else
                values.AddRange(LoadScalars(src, Flatten.Of(t)));
        }
        Terminate(new LowReturn { Values = values });
        return FinishSynthetic();
    }
}
