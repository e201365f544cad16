// Builds the body of one function, and through child builders those of the function literals in it.
//
// The shapes are those of gc's tree after its front end: implicit conversions are nodes, several results go through temporaries, constants
// are folded, blocks are flattened, unreachable statements are dropped. Statement and expression builders live in the other parts.
//
// Variables. A syntactic variable (Var) has a Local in the builder of the function that declares it. A literal that mentions a variable
// of an enclosing function captures it: a Local of class Captured whose Outer is the variable one level up, and so on up to the declaring
// function, so literals in between capture it too. How (by value or reference) is only known when the outermost function is complete:
// FinishCaptures.

using System.Collections.Generic;
using Tuza.Syntax;
using Tuza.Types;

namespace Tuza.IR;

sealed partial class Builder
{
    /// <summary>Larger variables are always captured by reference.</summary>
    const int MaxByValueBytes = 128;

    readonly PackageBuilder _pb;
    readonly BuildContext _ctx;
    readonly Function _fn;
    readonly TypeInfo _info;
    readonly Specialiser _env;
    readonly Builder? _outer;
    readonly Builder _root;
    readonly Dictionary<Var, Local> _vars = new(ReferenceEqualityComparer.Instance);
    /// <summary>Root only: all literals below, and three-clause loops with the variables they declare.</summary>
    readonly List<Function> _closures = [];
    readonly List<(ForNode Loop, List<Local> Vars)> _loops = [];
    int _funcLits, _rangeLits, _wraps;

    public Builder(PackageBuilder pb, Function fn, TypeInfo info, Specialiser env, Specialiser? shapes = null, Builder? outer = null)
    {
        _shapeEnv = shapes ?? outer?._shapeEnv;
        _pb = pb;
        _ctx = pb.Ctx;
        _fn = fn;
        _info = info;
        _env = env;
        _outer = outer;
        _root = outer?._root ?? this;
        _real = this;
    }

    /// <summary>All literals in the body, go and defer wrappers included.</summary>
    public List<Function> Closures => _closures;

    // ---- whole functions

    public void DeclaredBody(FuncDecl decl)
    {
        int i = 0;
        if (decl.Recv != null)
            BindParam(decl.Recv, _fn.Params[i++]);
        foreach (var p in decl.Type.Params)
            BindParam(p, _fn.Params[i++]);
        BindResults(decl.Type.Results);
        var body = new List<StmtNode>();
        _bodySyntax = decl.Body!.List;
        StmtList(decl.Body.List, body);
        _fn.EndPos = decl.Body.Rbrace;
        CheckFrame();
        FinishCaptures();
        _fn.Body = body;
    }

    /// <summary>Bytes of arrays that loops copy before they go over them.</summary>
    long _copiedBytes;

    /// <summary>
    /// Frames are limited to 1 GB. Large variables move to the heap, so what can be too large is arguments, results and the copies of arrays.
    /// </summary>
    void CheckFrame()
    {
        const long Limit = 1 << 30;
        long arguments = 0;
        foreach (var list in new[] { _fn.Params, _fn.Results })
            foreach (var l in list)
                arguments += Flatten.Sizes.Sizeof(l.Type);
        if (arguments + _copiedBytes > Limit)
            _pb.IR.Errors.Add(new Diagnostic(_fn.Pos, $"stack frame too large (>1GB): {_copiedBytes >> 20} MB locals + {arguments >> 20} MB args"));
    }

    /// <summary>The initialisation of package variables, in the function "init".</summary>
    public StmtNode PackageVar(Initializer i)
    {
        var pos = i.Lhs[0].Pos;
        var targets = i.Lhs.ConvertAll(v => v.Name == "_" ? null : (ExprNode)new GlobalNode { Global = _ctx.GlobalOf(v), Type = v.Type.Unalias, Pos = v.Pos });
        if (i.Lhs.Count == 1)
            return new AssignNode { X = targets[0], Y = ImplicitConv(i.Lhs[0].Type, i.Rhs), Pos = pos };
        return new Assign2Node { X = targets, Y = MultiValue(pos, Expr(i.Rhs), k => i.Lhs[k].Name == "_" ? null : i.Lhs[k].Type), Pos = pos };
    }

    void BindParam(Field field, Local local)
    {
        local.Pos = field.Name?.Pos ?? field.Pos;
        if (DefinedVar(field) is { } v)
            _vars[v] = local;
    }

    void BindResults(List<Field> fields)
    {
        _resultVars = new Var[fields.Count];
        for (int i = 0; i < fields.Count; i++)
        {
            BindParam(fields[i], _fn.Results[i]);
            var v = DefinedVar(fields[i]) ?? new Var { Name = _fn.Results[i].Name, Type = _fn.Results[i].Type };
            _vars[v] = _fn.Results[i];
            _resultVars[i] = v;
        }
    }

    Var? DefinedVar(Field field)
    {
        if (field.Name != null && _info.Defs.GetValueOrDefault(field.Name) is Var v)
            return v;
        return _info.Implicits.GetValueOrDefault(field) as Var;
    }

    /// <summary>Decides by value or by reference for every captured variable, and which loop variables must be fresh in each iteration.</summary>
    public void FinishCaptures()
    {
        foreach (var f in _closures)
            foreach (var v in f.ClosureVars)
                v.ByValue = v.Outer == null || IsByValue(v);
        foreach (var (loop, vars) in _loops)
            foreach (var v in vars)
                if (v.IsCapturedByClosure || v.AddrTaken)
                    loop.PerIteration.Add(v);
    }

    bool IsByValue(Local v)
    {
        while (v.Outer != null)
            v = v.Outer;
        return !v.Reassigned && !v.AddrTaken && _ctx.Sizes.Sizeof(v.Type) is >= 0 and <= MaxByValueBytes;
    }

    // ---- variables

    Local Declare(Var v, Pos pos)
    {
        var l = _fn.NewLocal(v.Name, _env.Of(v.Type), pos);
        AddressSpace.Check(_pb.IR, l.Type, pos);
        _vars[v] = l;
        return l;
    }

    /// <summary>pos: of the use; the first one in a literal is where it captures the variable.</summary>
    Local LookupVar(Var v, Pos pos)
    {
        if (_vars.TryGetValue(v, out var l))
            return l;
        if (v.OriginOrNull != null && _vars.TryGetValue(v.OriginOrNull, out l))
            return l;
        if (_outer == null)
            throw new BuildException($"variable {v.Name} ({v.Pos}) is not declared in {_fn.LinkName}");
        return _vars[v] = Capture(_outer.LookupVar(v, pos), pos);
    }

    Local Capture(Local outer, Pos pos)
    {
        outer.IsCapturedByClosure = true;
        var l = new Local { Name = outer.Name, Type = outer.Type, Class = LocalClass.Captured, Pos = pos, Owner = _fn, Outer = outer };
        for (var o = outer; o != null; o = o.Outer)
            o.IsCapturedByClosure = true;
        _fn.ClosureVars.Add(l);
        return l;
    }

    static LocalNode Ref(Local l, Pos pos) => new() { Local = l, Type = l.Type, Pos = pos };
    LocalNode Ref(Var v, Pos pos) => Ref(LookupVar(v, pos), pos);

    /// <summary>Notes that the memory of a place may be reached through a pointer from now on.</summary>
    static void MarkAddrTaken(ExprNode x)
    {
        for (; ; )
            switch (x)
            {
                case FieldNode { ThroughPtr: false } f:
                    x = f.X;
                    continue;
                case IndexNode i when i.X.Type.Underlying is ArrayType:
                    x = i.X;
                    continue;
                case ConvNode { Kind: ConvKind.Nop } c:
                    x = c.X;
                    continue;
                case LocalNode l:
                    for (Local? v = l.Local; v != null; v = v.Outer)
                        v.AddrTaken = true;
                    return;
                default:
                    return;
            }
    }

    /// <summary>Notes an assignment to a place (after its declaration).</summary>
    static void MarkAssigned(ExprNode? x)
    {
        for (; ; )
            switch (x)
            {
                case FieldNode { ThroughPtr: false } f:
                    x = f.X;
                    continue;
                case IndexNode i when i.X.Type.Underlying is ArrayType:
                    x = i.X;
                    continue;
                case LocalNode l:
                    for (Local? v = l.Local; v != null; v = v.Outer)
                        v.Reassigned = true;
                    return;
                default:
                    return;
            }
    }

    /// <summary>tmp := x, appended to init.</summary>
    Local TempCopy(ExprNode x, List<StmtNode> init, Pos pos)
    {
        var tmp = _fn.NewTemp(x.Type, pos);
        init.Add(new AssignNode { X = Ref(tmp, pos), Y = x, Define = true, Pos = pos, Init = [new DeclNode { Local = tmp, Pos = pos }] });
        return tmp;
    }

    // ---- types

    /// <summary>Type of an expression in this instance; what is still untyped gets its default type.</summary>
    GoType TypeOf(Expr e)
    {
        if (_info.Types.TryGetValue(e, out var tv))
            return _env.Of(Predicates.Default(tv.Type));
        if (e is Ident id && (_info.Defs.GetValueOrDefault(id) ?? _info.Uses.GetValueOrDefault(id)) is { } obj)
            return _env.Of(obj.Type);
        if (e is ParenExpr p)
            return TypeOf(p.X);
        throw new BuildException($"{e.Pos}: {e.GetType().Name} without a type in {_fn.LinkName}");
    }

    bool IsType(Expr e) => _info.Types.TryGetValue(Unparen(e), out var tv) && tv.IsType;

    static Expr Unparen(Expr e)
    {
        while (e is ParenExpr p)
            e = p.X;
        return e;
    }

    static GoType ResultType(Signature sig) =>
        sig.Results.Count switch { 0 => TupleType.Empty, 1 => sig.Results.At(0).Unalias, _ => sig.Results };

    /// <summary>The function type of a method with its receiver as first parameter.</summary>
    internal static Signature MethodExprSig(GoType recv, Signature sig)
    {
        var vars = new List<Var> { new() { Name = sig.Recv?.Name ?? "", Type = recv, IsParam = true } };
        vars.AddRange(sig.Params.Vars);
        return new Signature { Params = new TupleType(vars), Results = sig.Results, Variadic = sig.Variadic };
    }

    internal static Signature FuncType(Function f)
    {
        bool hasRecv = f.Params.Count > f.Sig.Params.Count;
        return hasRecv ? MethodExprSig(f.Params[0].Type, f.Sig) : f.Sig;
    }

    internal static FuncNode FuncRef(Function f, Pos pos, bool methodExpr = false) =>
        new() { Func = f, IsMethodExpr = methodExpr, Type = FuncType(f), Pos = pos };

    static ConstNode IntConst(long v, Pos pos, GoType? type = null) => new() { Value = ConstantOps.MakeInt(v), Type = type ?? Universe.Int, Pos = pos };
    static ConstNode BoolConst(bool v, Pos pos) => new() { Value = ConstantOps.MakeBool(v), Type = Universe.Bool, Pos = pos };

    BuildException Bad(Node n, string what) => new BuildException($"{n.Pos}: {what} in {_fn.LinkName}");
}
