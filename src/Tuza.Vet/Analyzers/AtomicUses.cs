// ATOMIC32: 64-bit functions of sync/atomic on words that are not 8-aligned on 386, arm and mips.
//
// On these machines only the first word of a variable or of an allocated struct, array or slice is certainly 8-aligned. For each address given to
// such a function, the offset of the word from the start of its variable or allocation is computed with the layout of 386: not a multiple of 8
// means that the operation panics. Addresses are followed through `&`, conversions of unsafe, variables that are assigned once, functions that
// pass a parameter on to an atomic function, and functions that return their parameter. An address made by arithmetic (the [15]byte trick)
// is left alone. A struct that is safe alone and lies at an odd place inside another struct or array is reported there.

using System;
using System.Collections.Generic;
using Tuza.Syntax;
using Tuza.Types;

namespace Tuza.Vet;

/// <summary>Collects the uses of 64-bit atomics, and reports those that would panic.</summary>
public sealed class AtomicUses
{
    static readonly Sizes s_sizes32 = Sizes.ForArch("386")!;

    readonly VetProgram _program;
    readonly Dictionary<Func, Dictionary<int, string>> _atomicParams = new(ReferenceEqualityComparer.Instance);
    readonly Dictionary<Func, int> _aliases = new(ReferenceEqualityComparer.Instance);
    readonly List<AtomicUse> _uses = [];
    readonly HashSet<Var> _onOddPaths = new(ReferenceEqualityComparer.Instance);

    AtomicUses(VetProgram program)
    {
        _program = program;
        foreach (var (f, _) in program.Functions)
        {
            if (AliasOf(f) is { } i)
                _aliases[f] = i;
        }
        for (bool grown = true; grown;)
        {
            grown = false;
            foreach (var (f, _) in program.Functions)
                grown |= Summarise(f);
        }
    }

    /// <summary>Fields on which 64-bit atomic functions are used.</summary>
    public static List<AtomicUse> Of(VetProgram program)
    {
        AtomicUses a = new(program);
        a.Report(_ => { });
        return a._uses;
    }

    public static void Run(VetProgram program, Action<Finding> report) => new AtomicUses(program).Report(report);

    static bool IsAtomic64(string name) => name.StartsWith("sync/atomic.", StringComparison.Ordinal) && (name.EndsWith("Int64", StringComparison.Ordinal) || name.EndsWith("Uint64", StringComparison.Ordinal))
        && name["sync/atomic.".Length..] is var f && (f.StartsWith("Add", StringComparison.Ordinal) || f.StartsWith("And", StringComparison.Ordinal) || f.StartsWith("Or", StringComparison.Ordinal)
            || f.StartsWith("Load", StringComparison.Ordinal) || f.StartsWith("Store", StringComparison.Ordinal) || f.StartsWith("Swap", StringComparison.Ordinal) || f.StartsWith("CompareAndSwap", StringComparison.Ordinal));

    // ---- summaries

    /// <summary>The parameter that a function gives back unchanged (conversions apart).</summary>
    int? AliasOf(Func f)
    {
        var (p, decl) = _program.DeclOf(f)!.Value;
        FuncView v = FuncView.Of(p, decl);
        if (decl.Body!.List is not [ReturnStmt { Results: [var result] }])
            return null;
        return v.VarOf(Through(v, result)) is { } x && v.Params.IndexOf(x) is >= 0 and var i ? i : null;
    }

    bool Summarise(Func f)
    {
        var (p, decl) = _program.DeclOf(f)!.Value;
        FuncView v = FuncView.Of(p, decl);
        bool grown = false;
        foreach (Node n in v.Nodes)
        {
            if (n is not CallExpr call)
                continue;
            foreach ((Expr address, string name) in Addresses(v, call))
            {
                if (v.VarOf(Through(v, address)) is { } x && v.Params.IndexOf(x) is >= 0 and var i && v.AssignmentsOf(x).Count == 0)
                {
                    if (!_atomicParams.TryGetValue(f, out Dictionary<int, string>? known))
                        _atomicParams[f] = known = [];
                    grown |= known.TryAdd(i, name);
                }
            }
        }
        return grown;
    }

    /// <summary>The operands of a call that are used as addresses of 64-bit atomics, with the name of the atomic function.</summary>
    List<(Expr Address, string Name)> Addresses(FuncView v, CallExpr call)
    {
        if (v.CalleeOf(call) is not { } f || call.Args.Count == 0)
            return [];
        string name = FuncView.NameOf(f);
        if (IsAtomic64(name))
            return [(call.Args[0], "atomic." + f.Name)];
        if (!_atomicParams.TryGetValue(f.Origin, out Dictionary<int, string>? parameters))
            return [];
        List<(Expr, string)> list = [];
        List<Expr> args = v.AllArgs(call);
        foreach ((int i, string atomic) in parameters)
        {
            if (i < args.Count)
                list.Add((args[i], atomic));
        }
        return list;
    }

    /// <summary>The expression behind parentheses, conversions, calls of alias functions, and variables with one value.</summary>
    Expr Through(FuncView v, Expr e)
    {
        for (int depth = 0; depth < 20; depth++)
        {
            e = FuncView.Strip(e);
            if (e is CallExpr { Args.Count: 1 } call && v.IsConversion(call))
                e = call.Args[0];
            else if (e is CallExpr c && v.CalleeOf(c) is { } f && _aliases.TryGetValue(f.Origin, out int i) && v.AllArgs(c) is var args && i < args.Count)
                e = args[i];
            else if (v.VarOf(e) is { } x && v.OnlyValue(x) is { } value && x.Type.Underlying is PointerType or SliceType or BasicType { Kind: BasicKind.UnsafePointer })
                e = value;
            else
                break;
        }
        return e;
    }

    // ---- places

    /// <summary>
    /// Where a word lies: bytes from the start of a variable or allocation. Varies: an unknown number of elements is added whose size is no multiple of 8, so that
    /// not all of these words can be aligned.
    /// </summary>
    readonly record struct Place(long Offset, Var? Field, bool Varies = false)
    {
        public bool IsAligned => Offset % 8 == 0 && !Varies;
    }

    void Report(Action<Finding> report)
    {
        HashSet<Pos> seen = [];
        foreach (FuncView v in FuncView.All(_program))
        {
            if (IsFor64Bit(v.Root.Pos))
                continue;
            foreach (Node n in v.Nodes)
            {
                if (n is not CallExpr call)
                    continue;
                foreach ((Expr address, string name) in Addresses(v, call))
                {
                    if (FuncView.Strip(Through(v, address)) is not UnaryExpr { Op: Token.And, X: var word } || PlaceOf(v, word) is not { } place)
                        continue;
                    string text = $"{name}(&{ExprText.Of(FuncView.Strip(word))})";
                    if (place.Field != null)
                        _uses.Add(new AtomicUse(call.Pos, text, place.Field));
                    if (place.IsAligned || !seen.Add(SourceText.StartPos(address)))
                        continue;
                    NotePath(v, word);
                    SourceText source = SourceText.Of(address)!;
                    report(new Finding(SourceText.StartPos(address), source.EndPos(address), "ATOMIC32", "layout/atomic32",
                        $"{ExprText.Of(FuncView.Strip(word))} is not 8-aligned on 32-bit machines: {text} panics there")
                    {
                        Related = [new Related(place.Field?.Pos ?? word.Pos, place.Varies ? "it is in an element whose size is no multiple of 8 with GOARCH=386, arm and mips: it is aligned in every other one at most"
                            : $"it lies at offset {place.Offset} of its variable or allocation with GOARCH=386, arm and mips")],
                        Advice = place.Field != null && Is64(place.Field.Type)
                            ? $"make {place.Field.Name} an atomic.{(place.Field.Type.Underlying is BasicType { Kind: BasicKind.Uint64 } ? "Uint64" : "Int64")} (always 8-aligned), or the first field of a struct that is allocated by itself"
                            : "use atomic.Int64 or atomic.Uint64 (always 8-aligned), or make it the first word of an allocation of its own",
                    });
                }
            }
        }
        Embedded(report);
    }

    /// <summary>The fields of a path that was reported need no second finding.</summary>
    void NotePath(FuncView v, Expr e)
    {
        for (e = FuncView.Strip(e); e is SelectorExpr or IndexExpr; e = FuncView.Strip(e is SelectorExpr s ? s.X : ((IndexExpr)e).X))
        {
            if (e is SelectorExpr f && v.Info.Selections.TryGetValue(f, out Selection? sel) && sel.Obj is Var field)
                _onOddPaths.Add(field.Origin);
        }
    }

    static bool Is64(GoType t) => LayoutText.Is64(t);

    /// <summary>A file whose name says that it is not built for 32-bit machines.</summary>
    static bool IsFor64Bit(Pos pos)
    {
        string name = System.IO.Path.GetFileNameWithoutExtension(pos.File?.Path ?? "");
        foreach (string suffix in (string[])["_amd64", "_arm64", "_ppc64", "_ppc64le", "_riscv64", "_s390x", "_loong64", "_mips64", "_mips64le"])
        {
            if (name.EndsWith(suffix, StringComparison.Ordinal))
                return true;
        }
        return false;
    }

    Place? PlaceOf(FuncView v, Expr e)
    {
        e = FuncView.Strip(e);
        switch (e)
        {
            case Ident i when v.VarOf(i) is { }:
                return new Place(0, null);
            case StarExpr s:
                return TargetOf(v, s.X);
            case SelectorExpr s when v.Info.Selections.TryGetValue(s, out Selection? sel) && sel.Kind == SelectionKind.FieldVal:
                return FieldPlace(v, s, sel);
            case SelectorExpr s when v.Info.Uses.GetValueOrDefault(s.Sel) is Var:
                return new Place(0, null);
            case IndexExpr { Indices: [var index] } x when v.TypeOf(x.X) is { } t:
                return ElementPlace(v, x, index, t);
            default:
                return null;
        }
    }

    Place? FieldPlace(FuncView v, SelectorExpr s, Selection sel)
    {
        GoType t = sel.Recv;
        Place? at = t.Underlying is PointerType ? TargetOf(v, s.X) : PlaceOf(v, s.X);
        Var? field = null;
        foreach (int i in sel.Index)
        {
            if (t.Underlying is PointerType p)
            {
                t = p.Elem;
                if (field != null)
                    at = new Place(0, null); // an embedded pointer: another allocation
            }
            if (t.Underlying is not StructType st || at == null)
                return null;
            if (!IsSized(t))
                return null;
            field = st.Fields[i];
            at = at.Value with { Offset = at.Value.Offset + s_sizes32.Offsetsof(st)[i], Field = field };
            t = field.Type;
        }
        return at;
    }

    Place? ElementPlace(FuncView v, IndexExpr x, Expr index, GoType t)
    {
        GoType? elem = t.Underlying switch { ArrayType a => a.Elem, SliceType s => s.Elem, PointerType { Elem: { Underlying: ArrayType a } } => a.Elem, _ => null };
        if (elem == null || !IsSized(elem))
            return null;
        Place? start = t.Underlying is ArrayType ? PlaceOf(v, x.X) : TargetOf(v, x.X);
        if (start == null)
            return null;
        long size = s_sizes32.Sizeof(elem);
        if (v.IntOf(index) is { } i)
            return start.Value with { Offset = start.Value.Offset + i * size };
        return size % 8 == 0 ? start : start.Value with { Varies = true };
    }

    /// <summary>What a pointer or slice points to: the start of an allocation, unless it is known to be an address inside something.</summary>
    Place? TargetOf(FuncView v, Expr pointer)
    {
        Expr e = Through(v, pointer);
        return e switch
        {
            UnaryExpr { Op: Token.And, X: CompositeLit } => new Place(0, null),
            UnaryExpr { Op: Token.And, X: var x } => PlaceOf(v, x),
            SliceExpr { X: var x } s when v.TypeOf(x)?.Underlying is ArrayType a => Shift(PlaceOf(v, x), s, a.Elem),
            SliceExpr { X: var x } s when v.TypeOf(x)?.Underlying is SliceType a => Shift(TargetOf(v, x), s, a.Elem),
            BinaryExpr => null,
            CallExpr c when v.TypeOf(c)?.Underlying is BasicType { Kind: BasicKind.UnsafePointer or BasicKind.Uintptr } => null,
            CallExpr c when v.BuiltinOf(c) is BuiltinId.UnsafeAdd or BuiltinId.UnsafeSlice => null,
            _ => new Place(0, null),
        };

        Place? Shift(Place? p, SliceExpr s, GoType elem)
        {
            if (p == null || !IsSized(elem))
                return null;
            long size = s_sizes32.Sizeof(elem);
            if (s.Lo == null)
                return p;
            if (v.IntOf(s.Lo) is { } lo)
                return p.Value with { Offset = p.Value.Offset + lo * size };
            return size % 8 == 0 ? p : null;
        }
    }

    static bool IsSized(GoType t) => t is not TypeParam && !Subst.HasTypeParam(t);

    // ---- structs that are safe alone, inside others

    void Embedded(Action<Finding> report)
    {
        Dictionary<Var, AtomicUse> fields = new(ReferenceEqualityComparer.Instance);
        foreach (AtomicUse u in _uses)
            fields.TryAdd(u.Field.Origin, u);
        if (fields.Count == 0)
            return;
        foreach (VetPackage p in _program.Packages)
        {
            foreach (FileNode file in p.Pkg.Files)
            {
                if (!IsFor64Bit(file.Pos))
                    Walk.Tree(file, n =>
                    {
                        if (n is TypeDecl { TypeParams.Count: 0 } d && p.Info.Defs.GetValueOrDefault(d.Name) is TypeName { IsAlias: false, Type: NamedType { Underlying: StructType s } t } && IsSized(t))
                            Inner(t, s);
                        return true;
                    });
            }
        }

        void Inner(NamedType outer, StructType s)
        {
            long[] offsets = s_sizes32.Offsetsof(s);
            for (int i = 0; i < offsets.Length; i++)
            {
                Var f = s.Fields[i];
                if (f.Type.Underlying is StructType or ArrayType && !_onOddPaths.Contains(f.Origin) && FindIn(f.Type, offsets[i], fields) is { } bad)
                {
                    SourceText? text = f.Pos.File is { } file ? SourceText.Of(file) : null;
                    Pos end = Pos.Make(f.Pos.FileId, f.Pos.Line, f.Pos.Column + f.Name.Length);
                    report(new Finding(f.Pos, text != null ? end : f.Pos, "ATOMIC32", "layout/atomic32",
                        $"{bad.Field.Name} of field {f.Name} of {outer.Obj.Name} lies at offset {bad.Offset} on 32-bit machines: {bad.Use.Call} panics there")
                    {
                        Related = [new Related(bad.Use.Pos, $"{bad.Use.Call} needs an 8-aligned word")],
                        Advice = $"move {f.Name} to the front of {outer.Obj.Name}, or make {bad.Field.Name} an atomic.Int64 or atomic.Uint64 (always 8-aligned)",
                    });
                }
            }
        }
    }

    static (long Offset, Var Field, AtomicUse Use)? FindIn(GoType t, long at, Dictionary<Var, AtomicUse> fields)
    {
        switch (t.Underlying)
        {
            case ArrayType { Len: > 0 } a:
                return FindIn(a.Elem, at, fields) ?? (a.Len > 1 && s_sizes32.Sizeof(a.Elem) % 8 != 0 ? FindIn(a.Elem, at + s_sizes32.Sizeof(a.Elem), fields) : null);
            case StructType s:
                long[] offsets = s_sizes32.Offsetsof(s);
                for (int i = 0; i < offsets.Length; i++)
                {
                    long o = at + offsets[i];
                    if (o % 8 != 0 && fields.TryGetValue(s.Fields[i].Origin, out AtomicUse? use) && offsets[i] % 8 == 0)
                        return (o, s.Fields[i], use);
                    if (FindIn(s.Fields[i].Type, o, fields) is { } inner)
                        return inner;
                }
                return null;
            default:
                return null;
        }
    }
}
