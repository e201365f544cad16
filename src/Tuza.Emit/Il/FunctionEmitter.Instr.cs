// Instructions: assignments, memory, checks, atomics, calls.

using System;
using System.Collections.Generic;
using System.Reflection;
using System.Reflection.Metadata;
using Tuza.Abi;
using Tuza.IR;
using Tuza.Runtime;

namespace Tuza.Emit;

sealed partial class FunctionEmitter
{
    /// <summary>Copies of at most this many bytes are written as loads and stores.</summary>
    const int UnrollBytes = 32;

    /// <summary>True if control does not go on behind the instruction.</summary>
    bool Instr(LowInstr instr)
    {
        switch (instr)
        {
            case LowAssign a:
                Expr(a.Value, a.Local.Type);
                Store(a.Local);
                AfterDef(instr, a.Local);
                return false;
            case LowStore s:
                StoreInstr(s);
                return false;
            case LowCopy c:
                Copy(c);
                return false;
            case LowZero z:
                Zero(z);
                return false;
            case LowZeroSlot z:
                if (z.Slot.Size > 0 && _frame.SlotOffset[z.Slot.Id] != 0)
                    ZeroFrame(_frame.SlotOffset[z.Slot.Id], z.Slot.Size);
                return false;
            case LowNilCheck n:
                if (n.Ptr is LowSlotAddr or LowGlobalAddr or LowStringAddr or LowTypeAddr or LowItabAddr or LowFuncVal)
                    return false;
                Expr(n.Ptr);
                _il.Branch(ILOpCode.Brfalse, PanicLabel(instr, "runtime.sigpanic", []));
                return false;
            case LowCheck c:
                if (c.Cond is LowConst { Bits: not 0 })
                    return false;
                BranchIf(c.Cond, PanicLabel(instr, c.Panic, c.Args), false);
                return false;
            case LowAtomic a:
                Atomic(a);
                return false;
            case LowCall c:
                return Call(c);
            default:
                throw Bug($"unknown instruction {instr.GetType().Name}");
        }
    }

    void AfterDef(LowInstr instr, LowLocal l)
    {
        if (_frame.HasFrame && _frame.HomeStores.Contains((instr, l)))
            StoreHome(l);
    }

    // ---- panics

    /// <summary>A cold block that calls a function of no return.</summary>
    int PanicLabel(LowInstr instr, string symbol, List<LowExpr> args)
    {
        var site = _frame.SiteOf[instr];
        if (args.Count == 0 && _panicLabels.TryGetValue((symbol, site.Id), out int known))
            return known;
        int label = _il.NewLabel();
        if (args.Count == 0)
            _panicLabels.Add((symbol, site.Id), label);
        _cold.Enqueue(() =>
        {
            _il.Mark(label);
            bool leaf = !_frame.HasFrame && !_resume;
            if (!leaf)
                PushPanicFrame(site);
            _il.Ldarg(0);
            var types = new List<LowType>();
            if (leaf)
            {
                _il.Token(ILOpCode.Ldsfld, _image.HeaderBaseField, 0, 1, "headerBase");
                _il.LdcI8(((long)_index << 32) + site.Id);
                _il.Add();
            }
            foreach (var a in args)
            {
                Expr(a);
                types.Add(a.Type);
            }
            if (leaf)
            {
                // In tail position: nothing is live across a call, so the function saves no registers.
                bool value = _f.ResultTypes.Count > 0;
                _il.Token(ILOpCode.Call, _image.LeafPanic(symbol, types, value ? _f.ResultTypes[0] : null), types.Count + 2, value ? 1 : 0, symbol + LeafPanics.Suffix);
                _il.Ret(value ? 1 : 0);
                return;
            }
            CallSymbol(symbol, types, []);
            AfterNoReturn();
        });
        return label;
    }

    /// <summary>Header of a call that does not return; a function without frame pushes one for the traceback.</summary>
    void PushPanicFrame(FrameSite site)
    {
        if (_frame.HasFrame)
        {
            Header(site, site.FullHeader);
            return;
        }
        LdG(nameof(G.Sp));
        _il.LdcI4(FrameInfo.MinFrameBytes);
        _il.Binary(ILOpCode.Sub);
        _il.Stloc(_fp);
        Header(site, true);
        StG(nameof(G.Sp), () => _il.Ldloc(_fp));
    }

    void AfterNoReturn()
    {
        if (_bareExit >= 0)
        {
            _il.Branch(ILOpCode.Br, _bareExit);
            return;
        }
        _bareExit = _il.NewLabel();
        _il.Mark(_bareExit);
        PopUnwinding();
    }

    // ---- memory

    /// <summary>Locals; with the two temporaries they fit into the red zone.</summary>
    const int MostKeptAtBarrier = Stacks.RedZoneBytes / 8 - 2;

    void StoreInstr(LowStore s)
    {
        if (!s.Barrier)
        {
            if (s.Volatile)
            {
                AtomicStore(s.StoreType, () => Address(s.Addr, s.Offset), () => Expr(s.Value, s.StoreType));
                return;
            }
            Address(s.Addr, s.Offset);
            Expr(s.Value, s.StoreType);
            _il.Op(MemStore(s.StoreType), 2, 0);
            return;
        }
        // Address and value are needed twice: as locals.
        int? tempA = null, tempV = null;
        var addr = Simple(s.Addr, s.Offset, ref tempA);
        var value = Simple(s.Value, 0, ref tempV);
        int cold = _il.NewLabel(), back = _il.NewLabel();
        _il.Token(ILOpCode.Ldsfld, _image.BarrierField, 0, 1, "barrier");
        _il.Unary(ILOpCode.Ldind_i4);
        _il.Branch(ILOpCode.Brtrue, cold);
        _il.Mark(back);
        if (s.Volatile)
            AtomicStore(s.StoreType, addr, value);
        else
        {
            addr();
            value();
            _il.Op(ILOpCode.Stind_i, 2, 0);
        }
        _cold.Enqueue(() =>
        {
            _il.Mark(cold);
            if (_frame.LiveAtBarrier.ContainsKey(s))
            {
                LdG(nameof(G.MCache));
                addr();
                _il.Unary(ILOpCode.Ldind_i);
                _il.Token(ILOpCode.Call, _image.Meta.Member(ImageBuilder.BarrierTryRecord), 2, 1, "Barrier.TryRecord");
                _il.Branch(ILOpCode.Brtrue, back);
            }
            var kept = KeptAtBarrier(s, tempA, tempV);
            for (int i = 0; i < kept.Count; i++)
            {
                BelowFrame(i);
                kept[i].Load();
                _il.Op(WordStore(kept[i].Type), 2, 0);
            }
            LdG(nameof(G.MCache));
            addr();
            _il.Unary(ILOpCode.Ldind_i);
            value();
            _il.Token(ILOpCode.Call, _image.Meta.Member(ImageBuilder.BarrierRecord), 3, 0, "Barrier.Record");
            for (int i = 0; i < kept.Count; i++)
            {
                BelowFrame(i);
                _il.Unary(WordLoad(kept[i].Type));
                kept[i].Store();
            }
            _il.Branch(ILOpCode.Br, back);
        });
        // The temporaries stay taken: the cold code reads them later, and must not find them reused.
    }

    /// <summary>
    /// What is live behind a barrier's call, which is taken when the buffer of old values is full. It is written to the free stack below the frame and read
    /// again, so that no local is live across the call, and the ways without it have all registers. Nobody looks at the stack meanwhile: the call is no safepoint.
    /// </summary>
    List<(LowType Type, Action Load, Action Store)> KeptAtBarrier(LowStore s, int? tempA, int? tempV)
    {
        List<(LowType, Action, Action)> kept = [];
        if (!_frame.LiveAtBarrier.TryGetValue(s, out var live) || live.Count > MostKeptAtBarrier)
            return kept;
        foreach (LowLocal l in live)
            if (_argOf.ContainsKey(l) || _localOf.ContainsKey(l))
                kept.Add((l.Type, () => Load(l), () => Store(l)));
        foreach (int? t in (int?[])[tempA, tempV])
            if (t is { } local)
                kept.Add((LowType.Ptr, () => _il.Ldloc(local), () => _il.Stloc(local)));
        return kept;
    }

    /// <summary>Address of word i of the red zone, below the running frame.</summary>
    void BelowFrame(int i)
    {
        LdG(nameof(G.Sp));
        AddConst(-8L * (i + 1));
    }

    /// <summary>A way to push e + offset again and again: e itself if it is cheap, else a temporary.</summary>
    Action Simple(LowExpr e, long offset, ref int? temp)
    {
        if (IsCheap(e))
            return () => Address(e, offset);
        int t = NewLocal('i');
        temp = t;
        Expr(e);
        AddConst(offset);
        _il.Stloc(t);
        return () => _il.Ldloc(t);
    }

    static bool IsCheap(LowExpr e) =>
        e is LowConst or LowLocalRef or LowSlotAddr or LowGlobalAddr or LowStringAddr or LowFuncVal or LowCtx ||
        e is LowBin { Op: LowOp.Add, B: LowConst } b && Is64(b.A.Type) && IsCheap(b.A);

    static ILOpCode MemStore(LowType t) => t switch
    {
        LowType.I8 or LowType.U8 => ILOpCode.Stind_i1,
        LowType.I16 or LowType.U16 => ILOpCode.Stind_i2,
        LowType.I32 or LowType.U32 => ILOpCode.Stind_i4,
        LowType.I64 or LowType.U64 => ILOpCode.Stind_i8,
        LowType.F32 => ILOpCode.Stind_r4,
        LowType.F64 => ILOpCode.Stind_r8,
        _ => ILOpCode.Stind_i,
    };

    static ILOpCode MemLoad(LowType t) => t switch
    {
        LowType.I8 => ILOpCode.Ldind_i1,
        LowType.U8 => ILOpCode.Ldind_u1,
        LowType.I16 => ILOpCode.Ldind_i2,
        LowType.U16 => ILOpCode.Ldind_u2,
        LowType.I32 => ILOpCode.Ldind_i4,
        LowType.U32 => ILOpCode.Ldind_u4,
        LowType.I64 or LowType.U64 => ILOpCode.Ldind_i8,
        LowType.F32 => ILOpCode.Ldind_r4,
        LowType.F64 => ILOpCode.Ldind_r8,
        _ => ILOpCode.Ldind_i,
    };

    void Copy(LowCopy c)
    {
        long size = c.Size is LowConst k ? k.Bits : -1;
        if (size == 0)
            return;
        if (c.BarrierType != null)
        {
            _il.Ldarg(0);
            TypeAddr(c.BarrierType);
            Expr(c.Dst);
            Expr(c.Src);
            CallSymbol("runtime.typedmemmove", [LowType.Ptr, LowType.Ptr, LowType.Ptr], []);
            return;
        }
        if (size is > 0 and <= UnrollBytes && (!c.MayOverlap || size <= 16))
        {
            Unrolled(c, size);
            return;
        }
        Expr(c.Dst);
        Expr(c.Src);
        if (size > 0 && size < uint.MaxValue && !c.MayOverlap)
        {
            _il.LdcI4((int)(uint)size);
            _il.Op(ILOpCode.Cpblk, 3, 0);
        }
        else
        {
            Expr(c.Size, LowType.U64);
            Helper(nameof(Mem.Move), 3, 0, typeof(Mem));
        }
    }

    /// <summary>All pieces are loaded before the first is stored when the ranges may overlap.</summary>
    void Unrolled(LowCopy c, long size)
    {
        int? t1 = null, t2 = null;
        var dst = Simple(c.Dst, 0, ref t1);
        var src = Simple(c.Src, 0, ref t2);
        var pieces = new List<(long At, LowType Type)>();
        for (long at = 0; at < size;)
        {
            long left = size - at;
            var t = left >= 8 ? LowType.U64 : left >= 4 ? LowType.U32 : left >= 2 ? LowType.U16 : LowType.U8;
            pieces.Add((at, t));
            at += Flatten.SizeOfLow(t);
        }
        void Load((long At, LowType Type) p)
        {
            src();
            AddConst(p.At);
            _il.Unary(MemLoad(p.Type));
        }
        void Store((long At, LowType Type) p, Action value)
        {
            dst();
            AddConst(p.At);
            value();
            _il.Op(MemStore(p.Type), 2, 0);
        }
        if (c.MayOverlap && pieces.Count > 1)
        {
            var temps = new List<int>();
            foreach (var p in pieces)
            {
                int t = Temp(ImageMetadata.Letter(p.Type));
                Load(p);
                _il.Stloc(t);
                temps.Add(t);
            }
            for (int i = 0; i < pieces.Count; i++)
            {
                int t = temps[i];
                Store(pieces[i], () => _il.Ldloc(t));
            }
            foreach (int t in temps)
                Free(t);
        }
        else
            foreach (var p in pieces)
                Store(p, () => Load(p));
        if (t1 is { } a)
            Free(a);
        if (t2 is { } b)
            Free(b);
    }

    void Zero(LowZero z)
    {
        long size = z.Size is LowConst k ? k.Bits : -1;
        if (size == 0)
            return;
        if (z.BarrierType != null)
        {
            _il.Ldarg(0);
            TypeAddr(z.BarrierType);
            Expr(z.Dst);
            CallSymbol("runtime.typedmemclr", [LowType.Ptr, LowType.Ptr], []);
            return;
        }
        Expr(z.Dst);
        if (size > 0 && size < uint.MaxValue)
            InitBlock(size);
        else
        {
            Expr(z.Size, LowType.U64);
            Helper(nameof(Mem.Zero), 2, 0, typeof(Mem));
        }
    }

    // ---- atomics

    static Type ClrType(LowType t) => t switch
    {
        LowType.I8 or LowType.U8 => typeof(byte),
        LowType.I16 or LowType.U16 => typeof(ushort),
        LowType.I32 or LowType.U32 => typeof(int),
        LowType.I64 or LowType.U64 => typeof(long),
        LowType.Ptr => typeof(nint),
        _ => throw new InvalidOperationException($"atomic operation on {t}"),
    };

    void InterlockedCall(string name, LowType t, int args)
    {
        var ty = ClrType(t);
        if (ty == typeof(nint) && name is "Add" or "And" or "Or")
            ty = typeof(long);
        var ps = new Type[args + 1];
        ps[0] = ty.MakeByRefType();
        for (int i = 1; i <= args; i++)
            ps[i] = ty;
        var m = typeof(System.Threading.Interlocked).GetMethod(name, ps) ?? throw Bug($"no Interlocked.{name} for {ty}");
        _il.Token(ILOpCode.Call, _image.Meta.Member(m), args + 1, 1, "Interlocked." + name);
    }

    void AtomicStore(LowType t, Action addr, Action value)
    {
        addr();
        value();
        if (t is LowType.F32 or LowType.F64)
        {
            _il.Prefix(ILOpCode.Volatile);
            _il.Op(MemStore(t), 2, 0);
            return;
        }
        InterlockedCall("Exchange", t, 1);
        _il.Pop();
    }

    void Atomic(LowAtomic a)
    {
        Expr(a.Addr);
        var t = a.MemType;
        switch (a.Kind)
        {
            case LowAtomicKind.Xchg:
                Expr(a.Args[0], t);
                InterlockedCall("Exchange", t, 1);
                Normalise(t);
                break;
            case LowAtomicKind.Xadd:
                Expr(a.Args[0], t);
                int delta = -1;
                if (!a.ReturnsNew && a.Result != null)
                {
                    _il.Dup();
                    _il.Stloc(delta = Temp(ImageMetadata.Letter(t)));
                }
                InterlockedCall("Add", t, 1);
                if (delta >= 0)
                {
                    _il.Ldloc(delta);
                    _il.Binary(ILOpCode.Sub);
                    Free(delta);
                }
                Normalise(t);
                break;
            case LowAtomicKind.Cas:
                // Args: old, new. Interlocked wants new, old.
                Expr(a.Args[1], t);
                Expr(a.Args[0], t);
                InterlockedCall("CompareExchange", t, 2);
                if (a.Result != null)
                {
                    Normalise(t);
                    Expr(a.Args[0], t);
                    _il.Binary(ILOpCode.Ceq);
                }
                break;
            default:
                bool and = a.Kind == LowAtomicKind.And;
                Expr(a.Args[0], t);
                if (t is LowType.U8 or LowType.I8)
                    Helper(and ? nameof(Mem.And8) : nameof(Mem.Or8), 2, 1, typeof(Mem));
                else
                    InterlockedCall(and ? "And" : "Or", t, 1);
                if (a.ReturnsNew && a.Result != null)
                {
                    Expr(a.Args[0], t);
                    _il.Binary(and ? ILOpCode.And : ILOpCode.Or);
                }
                break;
        }
        if (a.Result == null)
            _il.Pop();
        else
        {
            Store(a.Result);
            AfterDef(a, a.Result);
        }
    }

    // ---- calls

    bool Call(LowCall c)
    {
        bool tail = _frame.TailCalls.Contains(c);
        _frame.SiteOf.TryGetValue(c, out var site);
        if (site != null)
        {
            if (site.Effect == CallEffect.NoReturn)
                PushPanicFrame(site);
            else
            {
                Header(site, site.FullHeader);
                foreach (var l in site.HomesToStore)
                    StoreHome(l);
            }
        }
        Action? target = null;
        if (c.Kind == LowCallKind.Closure)
        {
            int? t = null;
            target = Simple(c.Target!, 0, ref t);
        }
        _il.Ldarg(0);
        target?.Invoke();
        var types = new List<LowType>();
        var own = c.Kind == LowCallKind.Direct ? _image.SignatureOf(c.Func!) : null;
        for (int i = 0; i < c.Args.Count; i++)
        {
            var t = own != null && i < own.ParamTypes.Count ? own.ParamTypes[i] : c.Args[i].Type;
            Expr(c.Args[i], t);
            types.Add(t);
        }
        switch (c.Kind)
        {
            case LowCallKind.Direct:
                CallCallee(_image.Resolve(c.Func!), types, c.ResultTypes);
                break;
            case LowCallKind.Runtime:
                if (!NewFixed(c))
                    CallSymbol(c.Symbol!, types, c.ResultTypes);
                break;
            case LowCallKind.Closure when c.Func is { } body && _image.ResolveCode(body) is { Kind: CalleeKind.Own } code:
                if (code.Signature != ImageMetadata.Signature(true, types, c.ResultTypes))
                    throw Bug($"{code.Name} has signature {code.Signature}, is called with {ImageMetadata.Signature(true, types, c.ResultTypes)}");
                _il.Token(ILOpCode.Call, code.Token, types.Count + 2, c.ResultTypes.Count > 0 ? 1 : 0, code.Name);
                break;
            default:
                if (target != null)
                {
                    target();
                    _il.Unary(ILOpCode.Ldind_i);
                }
                else
                    Expr(c.Target!);
                CallPointer(ImageMetadata.Signature(target != null, types, c.ResultTypes), c.ResultTypes.Count > 0);
                break;
        }
        bool value = c.ResultTypes.Count > 0;
        if (tail)
        {
            _il.Ret(value ? 1 : 0);
            return true;
        }
        if (site is { Effect: CallEffect.NoReturn })
        {
            if (value)
                _il.Pop();
            AfterNoReturn();
            return true;
        }
        for (int k = 0; k < c.ResultTypes.Count; k++)
        {
            var r = k < c.Results.Count ? c.Results[k] : null;
            if (k == 0)
            {
                if (r == null)
                {
                    _il.Pop();
                    continue;
                }
            }
            else
            {
                if (r == null)
                    continue;
                ResultWord(k);
                _il.Unary(WordLoad(c.ResultTypes[k]));
            }
            Convert(c.ResultTypes[k], r.Type);
            Store(r);
        }
        if (site is { Effect: CallEffect.Moves })
        {
            int after = _il.NewLabel();
            AfterMove(site, after);
            Entry(site, after, c);
        }
        foreach (var r in c.Results)
            if (r != null)
                AfterDef(c, r);
        return false;
    }

    void CallSymbol(string symbol, List<LowType> args, List<LowType> results) => CallCallee(_image.Resolve(symbol), args, results);

    /// <summary>g and the arguments are on the stack.</summary>
    void CallCallee(Callee callee, List<LowType> args, List<LowType> results)
    {
        int pushes = results.Count > 0 ? 1 : 0;
        switch (callee.Kind)
        {
            case CalleeKind.Native:
                if (callee.Native!.Method.GetParameters().Length != args.Count + 1)
                    throw Bug($"{callee.Name} takes {callee.Native.Method.GetParameters().Length - 1} scalars in C#, {args.Count} are passed");
                if ((callee.Native.Method.ReturnType != typeof(void)) != (pushes == 1))
                    throw Bug($"{callee.Name} returns {callee.Native.Method.ReturnType} in C#, {results.Count} scalars are expected");
                _il.Token(ILOpCode.Call, _image.Meta.Member(callee.Native.Method), args.Count + 1, pushes, callee.Name);
                break;
            case CalleeKind.Own:
                if (callee.Signature != ImageMetadata.Signature(false, args, results))
                    throw Bug($"{callee.Name} has signature {callee.Signature}, is called with {ImageMetadata.Signature(false, args, results)}");
                _il.Token(ILOpCode.Call, callee.Token, args.Count + 1, pushes, callee.Name);
                break;
            case CalleeKind.Image:
                _il.Token(ILOpCode.Call, _image.Meta.ImageMethod(callee.Package!, callee.Name, callee.Signature ?? ImageMetadata.Signature(false, args, results)), args.Count + 1, pushes, callee.Package + "::" + callee.Name);
                break;
            default:
                string sig = ImageMetadata.Signature(false, args, results);
                ImportWord(_image.ImportCode(callee.Name, sig, _f.Pkg));
                CallPointer(sig, pushes == 1);
                break;
        }
    }

    void CallPointer(string sig, bool value) =>
        _il.Token(ILOpCode.Calli, _image.Meta.Calli(sig), sig.Length - 1, value ? 1 : 0, sig);

    void CallNative(string symbol, int args)
    {
        var n = NativeSymbols.Find(symbol) ?? throw Bug($"{symbol} has no implementation in C#");
        _il.Token(ILOpCode.Call, _image.Meta.Member(n.Method), args, 0, symbol);
    }

    void Helper(string name, int pops, int pushes, Type? type = null)
    {
        var m = (type ?? typeof(Arith)).GetMethod(name, BindingFlags.Static | BindingFlags.Public) ?? throw Bug($"no helper {name}");
        _il.Token(ILOpCode.Call, _image.Meta.Member(m), pops, pushes, name);
    }
}
