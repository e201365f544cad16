// Lowering: one tree function in, one low function out.
//
// A FuncLowerer holds the state of one function; it is one machine, cut into files by subject:
//   Values     homes of variables, places, loads and stores, temporaries      Order     what must be evaluated first
//   Expr       expressions to scalar lists or memory                          Arith     numbers, shifts, division, conversions
//   Compare    comparisons and conditions                                     Slice     indexing and slicing with their checks
//   Call       calls, return, go, defer                                       Builtin   append, copy, len, print, panic ...
//   Iface      boxing, assertions                                             Composite literals, new, make, closures
//   Map Text   maps; strings                                                  Stmt Range Switch Select   statements
//
// Order of evaluation is gc's: before a statement runs, everything in it that has effects (calls, receives, inlined bodies, appends ...) is
// evaluated from left to right into temporaries (Order); the rest is then evaluated late, as pure trees with their checks. While
// trees are being built (phase 2) nothing that a Go program can observe is written, so a tree may be consumed at any later moment of
// the same statement.

using System;
using System.Collections.Generic;
using Tuza.Syntax;
using Tuza.Types;

namespace Tuza.IR;

/// <summary>Lowers the functions of one package. Not thread safe; use one per package.</summary>
public sealed class Lowerer
{
    readonly Dictionary<string, Global> _externs = [];
    readonly Dictionary<string, Function> _symbols = [];
    int _staticCount;

    public Lowerer(PackageIR package)
    {
        Package = package;
        TypeFuncs = new TypeFuncs(this);
        Invokers = new Invokers(this);
    }

    public PackageIR Package { get; }
    /// <summary>Functions that lowering made on its own and that somebody refers to by name: emit them with the package's own. Drain until empty.</summary>
    public Queue<LowFunction> Generated { get; } = new();
    /// <summary>Equality and hash functions of types.</summary>
    public TypeFuncs TypeFuncs { get; }
    /// <summary>Bridges for reflect.</summary>
    public Invokers Invokers { get; }
    /// <summary>Read-only data made by lowering (also added to Package.Globals).</summary>
    public List<Global> Statics { get; } = [];

    public LowFunction Lower(Function f)
    {
        if (f.Body == null)
            throw new InvalidOperationException($"Lower: {f.LinkName} has no body");
        // Only escape analysis looks at a call of it.
        if (f.LinkName.StartsWith("internal/abi.EscapeNonString[", StringComparison.Ordinal))
            f.Body = [];
        return new FuncLowerer(this, f).Run();
    }

    internal Global NewStatic(string hint, GoType type, StaticData data, bool readOnly = true)
    {
        var g = new Global
        {
            LinkName = $"{Package.Pkg.Path}..lit_{hint}{_staticCount++}",
            Type = type,
            ReadOnly = readOnly,
            Defined = true,
            Init = data,
        };
        Statics.Add(g);
        Package.Globals.Add(g);
        return g;
    }

    /// <summary>A function known by its symbol only, called with flattened arguments that are all pointers or integers.</summary>
    internal Function Symbol(string linkName, LowExpr[] args, int pointerResults = 0)
    {
        if (_symbols.TryGetValue(linkName, out var f))
            return f;
        var results = new GoType[pointerResults];
        Array.Fill(results, Universe.UnsafePointer);
        f = NewSymbol(linkName, Package.Pkg, Array.ConvertAll(args, static a => a.Type == LowType.Ptr ? Universe.UnsafePointer : Universe.Uintptr), results);
        _symbols.Add(linkName, f);
        return f;
    }

    /// <summary>A function object without a body.</summary>
    internal static Function NewSymbol(string linkName, Package pkg, GoType[] parameters, GoType[] results)
    {
        var sig = new Signature { Params = Tuple(parameters), Results = Tuple(results) };
        var f = new Function { LinkName = linkName, ShortName = linkName, Pkg = pkg, Sig = sig };
        for (int i = 0; i < parameters.Length; i++)
        {
            var p = f.NewLocal("p" + i, parameters[i], default, LocalClass.Param);
            p.Index = i;
            f.Params.Add(p);
        }
        for (int i = 0; i < results.Length; i++)
        {
            var r = f.NewLocal("~r" + i, results[i], default, LocalClass.Result);
            r.Index = i;
            f.Results.Add(r);
        }
        return f;
    }

    static TupleType Tuple(GoType[] types)
    {
        if (types.Length == 0)
            return TupleType.Empty;
        var vars = new List<Var>();
        foreach (var t in types)
            vars.Add(new Var { Type = t });
        return new TupleType(vars);
    }

    /// <summary>A variable of the runtime.</summary>
    internal Global Extern(string linkName, GoType type)
    {
        if (!_externs.TryGetValue(linkName, out var g))
        {
            foreach (var own in Package.Globals)
                if (own.LinkName == linkName)
                    g = own;
            g ??= new Global { LinkName = linkName, Type = type };
            _externs.Add(linkName, g);
        }
        return g;
    }
}

/// <summary>The machine that lowers one function.</summary>
sealed partial class FuncLowerer
{
    readonly Lowerer _lowerer;
    readonly Function _tree;
    readonly LowFunction _low;
    LowBlock? _cur;
    Pos _pos;

    // ---- results
    readonly List<LowLocal> _hidden = [];
    readonly List<LowSlot> _hiddenSlots = [];
    LowBlock? _exit;
    LowSlot? _heapResultSlots;

    public FuncLowerer(Lowerer lowerer, Function tree)
    {
        _lowerer = lowerer;
        _tree = tree;
        _low = new LowFunction
        {
            LinkName = tree.LinkName,
            DisplayName = tree.LinkName.EndsWith('#') ? Names.Shown(tree.LinkName) : null,
            Tree = tree,
            Pkg = tree.Pkg,
            Pos = tree.Pos,
            HasCtx = tree.IsClosure,
            Nosplit = (tree.Pragma & Pragma.Nosplit) != 0,
            IsWrapper = tree.IsWrapper,
        };
    }

    public LowFunction Run()
    {
        try
        {
            _pos = _tree.Pos;
            FindAddressed();
            _low.Entry = _cur = _low.NewBlock();
            Prologue();
            Stmts(_tree.Body!);
            if (_cur != null)
            {
                _pos = _tree.EndPos.IsKnown ? _tree.EndPos : _pos;
                Return([]);
            }
            Epilogue();
            Cleanup.Run(_low);
            var bounded = Loops.FindBounded(_low);
            SlotScalars.Run(_low);
            CheckElim.Run(_low);
            WordAccess.Run(_low);
            FreshStores.Run(_low);
            Loops.PlacePolls(_low, bounded);
            return _low;
        }
        catch (Exception e) when (e is not LowerException)
        {
            throw new LowerException($"Lower: {_tree.LinkName} near {_pos}: {e.Message}", e);
        }
    }

    static InvalidOperationException Bug(string what) => new(what);

    // ---- blocks

    LowBlock NewBlock() => _low.NewBlock();

    void Emit(LowInstr instr)
    {
        instr.Pos = _pos;
        (_cur ??= NewBlock()).Instrs.Add(instr);
    }

    void Terminate(LowTerm term)
    {
        term.Pos = _pos;
        (_cur ??= NewBlock()).Term = term;
        _cur = null;
    }

    /// <summary>Ends the current block with a jump, if it is reachable.</summary>
    void Jump(LowBlock target)
    {
        if (_cur != null)
            Terminate(new LowJump { Target = target });
    }

    void Branch(LowExpr cond, LowBlock then, LowBlock @else, bool thenUnlikely = false)
    {
        if (cond is LowConst c)
            Jump(c.Bits != 0 ? then : @else);
        else
            Terminate(new LowBranch { Cond = cond, Then = then, Else = @else, ThenUnlikely = thenUnlikely });
    }

    /// <summary>Continues in the block.</summary>
    void Start(LowBlock block)
    {
        Jump(block);
        _cur = block;
    }

    // ---- entry and exit

    /// <summary>Gives every parameter and result its home.</summary>
    void Prologue()
    {
        foreach (var r in _tree.Results)
            if (Flatten.IsMemory(r.Type))
            {
                var p = NewParam(LowType.Ptr, true, r.Name + ".ret");
                _hidden.Add(p);
                if (_tree.HasDefer)
                {
                    var slot = AddressedSlot(8, 8, [true], r.Name + ".retp");
                    _hiddenSlots.Add(slot);
                }
            }
        var incoming = new List<(Local, LowLocal[])>();
        foreach (var p in _tree.Params)
        {
            var flat = Flatten.Of(p.Type);
            LowLocal[] locals;
            if (flat.IsMemory)
                locals = [NewParam(LowType.Ptr, true, p.Name)];
            else
            {
                locals = new LowLocal[flat.Scalars.Length];
                for (int i = 0; i < locals.Length; i++)
                    locals[i] = NewParam(flat.Scalars[i].Type, flat.Scalars[i].Tracked, p.Name);
                MarkLengths(p.Type, locals);
            }
            incoming.Add((p, locals));
        }
        for (int i = 0; i < _hiddenSlots.Count; i++)
            StoreScalar(new Addr(L.SlotAddr(_hiddenSlots[i]), AddrKind.Stack), LowType.Ptr, L.Ref(_hidden[i]), true);
        foreach (var (p, locals) in incoming)
            HomeParam(p, locals);
        if (_tree.IsClosure)
            HomeCaptured();
        foreach (var r in _tree.Results)
        {
            _low.ResultTypes.AddRange(ResultTypesOf(r.Type));
            DeclareResult(r);
        }
    }

    static List<LowType> ResultTypesOf(GoType type)
    {
        var list = new List<LowType>();
        foreach (var s in Flatten.Of(type).Scalars)
            list.Add(s.Type);
        return list;
    }

    LowLocal NewParam(LowType type, bool tracked, string? name)
    {
        var l = _low.NewLocal(type, name);
        l.NotTracked = type == LowType.Ptr && !tracked;
        l.Param = _low.ParamLocals.Count;
        _low.ParamLocals.Add(l);
        _low.ParamTypes.Add(type);
        return l;
    }

    void HomeParam(Local p, LowLocal[] locals)
    {
        var flat = Flatten.Of(p.Type);
        if (p.OnHeap)
        {
            var home = NewHeapHome(p);
            var dst = new Addr(L.Ref(home.Ptr!), AddrKind.Fresh);
            if (flat.IsMemory)
                CopyMemory(dst, new Addr(L.Ref(locals[0]), AddrKind.Stack), p.Type, false);
            else
                StoreScalars(dst, flat, Refs(locals));
        }
        else if (flat.IsMemory)
            _homes[p] = new Home { Flat = flat, Ptr = locals[0] };
        else if (IsAddressed(p))
        {
            var home = NewSlotHome(p);
            StoreScalars(new Addr(L.SlotAddr(home.Slot!), AddrKind.Stack), flat, Refs(locals));
        }
        else
            _homes[p] = new Home { Flat = flat, Scalars = locals };
    }

    /// <summary>Captured variables: by value they are read from the closure object once, by reference their address is.</summary>
    void HomeCaptured()
    {
        if (_tree.ClosureVars.Count == 0)
            return;
        var ctx = NewTemp(LowType.Ptr, true);
        ctx.Name = ".ctx";
        Assign(ctx, new LowCtx { Type = LowType.Ptr });
        var layout = ClosureLayout.Of(_tree);
        for (int i = 0; i < _tree.ClosureVars.Count; i++)
        {
            var v = _tree.ClosureVars[i];
            var flat = Flatten.Of(v.Type);
            long offset = layout.Offsets[i];
            if (!v.ByValue)
            {
                var p = NewTemp(LowType.Ptr, true);
                p.Name = "&" + v.Name;
                Assign(p, L.Load(LowType.Ptr, L.Ref(ctx), offset));
                _homes[v] = new Home { Flat = flat, Ptr = p, Heap = true };
            }
            else if (flat.IsMemory || IsAddressed(v))
                _homes[v] = new Home { Flat = flat, Ptr = ctx, Offset = offset, Heap = true };
            else
            {
                var home = NewScalarHome(v);
                for (int k = 0; k < home.Scalars!.Length; k++)
                    Assign(home.Scalars[k], L.Load(flat.Scalars[k].Type, L.Ref(ctx), offset + flat.Scalars[k].Offset));
            }
        }
    }

    /// <summary>Results start zero. In functions that defer they live in memory, where the recovered function finds them.</summary>
    void DeclareResult(Local r)
    {
        var flat = Flatten.Of(r.Type);
        if (r.OnHeap)
        {
            var home = NewHeapHome(r);
            if (_tree.HasDefer)
            {
                _heapResultSlots ??= AddressedSlot(8 * _tree.Results.Count, 8, AllTrue(_tree.Results.Count), ".heapresults");
                StoreScalar(new Addr(L.SlotAddr(_heapResultSlots, 8 * r.Index), AddrKind.Stack), LowType.Ptr, L.Ref(home.Ptr!), true);
            }
            return;
        }
        if (flat.IsMemory || IsAddressed(r) || _tree.HasDefer)
        {
            var home = NewSlotHome(r);
            if (_tree.HasDefer)
                home.Slot!.AddrTaken = true;
            Emit(new LowZeroSlot { Slot = home.Slot! });
            return;
        }
        var scalars = NewScalarHome(r);
        if (!IsAnonymous(r))
            foreach (var s in scalars.Scalars!)
                Assign(s, L.Zero(s.Type));
    }

    static bool IsAnonymous(Local r) => r.Name.StartsWith("~r", StringComparison.Ordinal);

    static bool[] AllTrue(int n)
    {
        var a = new bool[n];
        Array.Fill(a, true);
        return a;
    }

    /// <summary>`return values`; empty values with results: the result variables are set already.</summary>
    void Return(List<ExprNode> values)
    {
        var results = _tree.Results;
        if (_tree.HasDefer)
        {
            if (values.Count > 0)
                AssignResults(values);
            // Each return calls by itself, so that deferred functions see its line.
            RunDeferred();
            Jump(_exit ??= NewBlock());
            return;
        }
        if (values.Count == 0)
        {
            ReturnVariables();
            return;
        }
        if (results.Exists(static r => r.OnHeap))
        {
            AssignResults(values);
            ReturnVariables();
            return;
        }
        OrderAll(values);
        bool anyMemory = _hidden.Count > 0;
        var list = new List<LowExpr>();
        // Memory results are written behind everything that can panic; scalars read before them must not change: nothing is visible
        // through the hidden pointers but the result slots of the caller.
        int hidden = 0;
        for (int i = 0; i < values.Count; i++)
            if (!Flatten.IsMemory(results[i].Type))
            {
                if (!anyMemory)
                    list.AddRange(Scalars(values[i]));
                else
                    list.AddRange(Materialize(Scalars(values[i])));
            }
        for (int i = 0; i < values.Count; i++)
            if (Flatten.IsMemory(results[i].Type))
                Into(new Addr(L.Ref(_hidden[hidden++]), AddrKind.Stack), values[i]);
        Terminate(new LowReturn { Values = list });
    }

    void AssignResults(List<ExprNode> values)
    {
        OrderAll(values);
        if (values.Count == 1)
        {
            AssignPlace(HomePlace(_tree.Results[0]), values[0]);
            return;
        }
        var vals = new Val[values.Count];
        for (int i = 0; i < values.Count; i++)
            vals[i] = CopyOut(Value(values[i]), _tree.Results[i].Type);
        for (int i = 0; i < values.Count; i++)
            StoreVal(HomePlace(_tree.Results[i]), vals[i], _tree.Results[i].Type);
    }

    void ReturnVariables()
    {
        var list = new List<LowExpr>();
        int hidden = 0;
        foreach (var r in _tree.Results)
        {
            if (Flatten.IsMemory(r.Type))
                CopyMemory(new Addr(HiddenPointer(hidden++), AddrKind.Stack), HomeAddr(_homes[r]), r.Type, false);
            else
                list.AddRange(LoadPlace(HomePlace(r), Flatten.Of(r.Type)));
        }
        Terminate(new LowReturn { Values = list });
    }

    LowExpr HiddenPointer(int i) => _hiddenSlots.Count > 0 ? Use(L.Load(LowType.Ptr, L.SlotAddr(_hiddenSlots[i]))) : L.Ref(_hidden[i]);

    /// <summary>The common exit of a function that defers, and the entry a recovered panic takes to it.</summary>
    void Epilogue()
    {
        if (!_tree.HasDefer)
            return;
        _pos = _tree.EndPos.IsKnown ? _tree.EndPos : _tree.Pos;
        _cur = null;
        _exit ??= NewBlock();
        _low.DeferReturn = _cur = NewBlock();
        CallRuntime("runtime.deferreturn", new LowFrameToken { Type = LowType.U64 });
        Jump(_exit);
        _cur = _exit;
        foreach (var r in _tree.Results)
            if (r.OnHeap)
                Assign(_homes[r].Ptr!, L.Load(LowType.Ptr, L.SlotAddr(_heapResultSlots!, 8 * r.Index)));
        ReturnVariables();
    }
}

/// <summary>Lowering met a tree it cannot lower: a bug of ours.</summary>
public sealed class LowerException : Exception
{
    public LowerException() { }
    public LowerException(string message) : base(message) { }
    public LowerException(string message, Exception inner) : base(message, inner) { }
}
