// Methods as functions of a given receiver type: the declared function itself, or a wrapper that takes another receiver.
//
// A method table needs each method of a type T as a function whose first parameter is a T (or, when T does not fit the data word of
// an interface, a *T). The declared method may take something else: a T where a *T is at hand, or, for promoted methods, an embedded
// field. Then a wrapper follows the path and calls it. Wrappers of named types are made by the package that declares the type, all at
// once, because any package may put the type into an interface; those of other types and of instances by whoever needs them.

using System.Collections.Generic;
using Tuza.Syntax;
using Tuza.Types;

namespace Tuza.IR;

/// <summary>One entry of a type's method table. Direct takes the type itself as receiver, Indirect what an interface's data word holds: the
/// type if it is pointer shaped, else a pointer to it.</summary>
public sealed record MethodEntry(Func Method, Signature Sig, Function Direct, Function Indirect);

public sealed partial class PackageBuilder
{
    readonly Dictionary<GoType, List<MethodEntry>> _tables = new(TypeHasher.Instance);

    /// <summary>The methods of a concrete type, sorted by name as in interfaces. Makes the wrappers it needs.</summary>
    public IReadOnlyList<MethodEntry> MethodTable(GoType type)
    {
        type = type.Unalias;
        if (_tables.TryGetValue(type, out var known))
            return known;
        var table = new List<MethodEntry>();
        if (type.Underlying is not InterfaceType)
        {
            bool direct = IsPointerShaped(type);
            var indirectType = direct ? type : new PointerType(type);
            foreach (var sel in MethodSet.Of(type))
            {
                if (sel.Method.Sig.TypeParams.Count > 0)
                    continue; // generic methods take no part in interfaces
                var d = MethodFor(type, sel, []);
                table.Add(new MethodEntry(sel.Method, d.Sig, d, direct ? d : MethodFor(indirectType, sel.Method, [])));
            }
        }
        _tables.Add(type, table);
        return table;
    }

    /// <summary>The function behind one method of an itab: its first parameter is the data word.</summary>
    public Function ItabMethod(GoType concrete, Func interfaceMethod)
    {
        foreach (var e in MethodTable(concrete))
            if (Predicates.SameId(e.Method, interfaceMethod.Pkg, interfaceMethod.Name))
                return e.Indirect;
        throw new BuildException($"{concrete} has no method {interfaceMethod.Name}");
    }

    /// <summary>Stored in an interface as it is: one word that is a pointer.</summary>
    public static bool IsPointerShaped(GoType t) => t.Underlying switch
    {
        PointerType or MapType or ChanType or Signature => true,
        BasicType b => b.Kind == BasicKind.UnsafePointer,
        StructType s => s.Fields.Count == 1 && IsPointerShaped(s.Fields[0].Type),
        ArrayType a => a.Len == 1 && IsPointerShaped(a.Elem),
        _ => false,
    };

    /// <summary>A method (found by name, promoted ones too) as a function with receiver type recv.</summary>
    public Function MethodFor(GoType recv, Func method, List<GoType> args)
    {
        recv = recv.Unalias;
        var r = Lookup.FieldOrMethod(recv, false, method.Pkg, method.Name);
        if (r.Obj is not Func found || r.Index == null)
        {
            if (recv is PointerType p) // *T for a T that has the method: the method set of *T, whatever T is
                r = Lookup.FieldOrMethod(p.Elem, true, method.Pkg, method.Name);
            found = r.Obj as Func ?? throw new BuildException($"{recv} has no method {method.Name}");
        }
        return MethodFor(recv, new MethodSelection(found, r.Index!, r.Indirect), args);
    }

    Function MethodFor(GoType recv, MethodSelection sel, List<GoType> args)
    {
        string name = Names.OfMethod(recv, sel.Method.Name + Names.TypeArgs(args));
        var baseType = recv is PointerType p ? p.Elem.Unalias : recv;
        if (sel.Index.Length == 1 && baseType is NamedType named && named.Underlying is not InterfaceType && Builder.MethodNamed(named, sel.Method) is { } own)
        {
            var f = FunctionFor(own, named.TypeArgs, args);
            if (Identical.Same(f.Params[0].Type, recv))
                return f;
        }
        if (_made.TryGetValue(name, out var made))
            return made;
        // The package of a plain named type makes the wrappers of its methods; here it is a reference.
        if (baseType is NamedType { Obj.Pkg: { } owner } plain && Specialiser.IsPlain(plain) && !ReferenceEquals(owner, Pkg) && args.Count == 0 && plain.Underlying is not InterfaceType)
            return Ctx.FunctionBySymbol(name, owner, PlainSig(sel.Method.Sig), recv);
        return MakeWrapper(name, recv, baseType, sel, args);
    }

    static Signature PlainSig(Signature s) =>
        s.Recv == null && s.TypeParams.Count == 0 ? s : new Signature { Params = s.Params, Results = s.Results, Variadic = s.Variadic };

    Function MakeWrapper(string name, GoType recv, GoType baseType, MethodSelection sel, List<GoType> args)
    {
        // The signature is known once the method is bound to the end of the path: bind a probe first.
        var probe = new Function { LinkName = name, Pkg = Pkg, Sig = new Signature() };
        var probeRecv = new Local { Name = ".this", Type = recv, Class = LocalClass.Param, Owner = probe };
        var (_, target, sig) = BindPath(new LocalNode { Local = probeRecv, Type = recv }, sel, args);

        var pkg = baseType is NamedType { Obj.Pkg: { } p } ? p : Pkg;
        bool shared = ReferenceEquals(pkg, Pkg) && baseType is NamedType n && Specialiser.IsPlain(n) && n.Underlying is not InterfaceType && args.Count == 0;
        var f = shared ? Ctx.FunctionBySymbol(name, pkg, sig, recv) : BuildContext.NewFunction(name, pkg, sig, recv, ".this");
        f.IsWrapper = true;
        f.IsInstance = !shared;
        AddMade(_wrappers, f);

        ExprNode self = new LocalNode { Local = f.Params[0], Type = recv };
        var body = new List<StmtNode>();
        bool simpleDeref = recv is PointerType rp && sel.Index.Length == 1 && target != null && Identical.Same(rp.Elem, target.Params[0].Type);
        if (simpleDeref)
        {
            // Calling a value method through a nil pointer deserves a better message than a nil dereference.
            var panic = Ctx.Runtime("runtime.panicwrap", [], []);
            body.Add(new IfNode
            {
                Cond = new CompareNode { Op = Token.Eql, X = self, Y = new NilNode { Type = recv }, Type = Universe.Bool },
                Then = [new ExprStmtNode { X = new CallNode { Fun = Builder.FuncRef(panic, default), Type = TupleType.Empty } }],
            });
            self = new LocalNode { Local = f.Params[0], Type = recv };
        }
        var (bound, fn, _) = BindPath(self, sel, args);
        body.Add(TailCall(f, f.Params.GetRange(1, f.Params.Count - 1), bound, fn, sel.Method));
        f.Body = body;
        return f;
    }

    /// <summary>A method of x's type (found by name, promoted ones too) bound to x; null when there is none.</summary>
    internal Builder.Bound? BindMethod(ExprNode x, Func method, Pos pos)
    {
        var r = Lookup.FieldOrMethod(x.Type, false, method.Pkg, method.Name);
        if (r.Obj is not Func found || r.Index == null)
            return null;
        for (int i = 0; i < r.Index.Length - 1; i++)
        {
            x = Builder.ImplicitField(x, r.Index[i]);
            x.Pos = pos;
        }
        return Builder.BindHere(this, x, found, [], pos);
    }

    (ExprNode Recv, Function? Target, Signature Sig) BindPath(ExprNode x, MethodSelection sel, List<GoType> args)
    {
        for (int i = 0; i < sel.Index.Length - 1; i++)
            x = Builder.ImplicitField(x, sel.Index[i]);
        var b = Builder.BindHere(this, x, sel.Method, args, default);
        return (b.Recv, b.Fn, PlainSig(b.Fn?.Sig ?? b.Method.Sig));
    }

    /// <summary>`return recv.method(params...)`, variadic parameters passed on as they are.</summary>
    static StmtNode TailCall(Function f, List<Local> parameters, ExprNode recv, Function? target, Func method)
    {
        var call = new CallNode { Type = f.Sig.Results.Count switch { 0 => TupleType.Empty, 1 => f.Sig.Results.At(0).Unalias, _ => f.Sig.Results }, HasDots = f.Sig.Variadic };
        if (target == null)
        {
            var iface = (InterfaceType)recv.Type.Underlying;
            call.Iface = recv;
            call.Method = iface.TypeSet.Lookup(method.Pkg, method.Name) ?? method;
        }
        else
        {
            call.Fun = Builder.FuncRef(target, default, true);
            call.Args.Add(recv);
        }
        foreach (var p in parameters)
            call.Args.Add(new LocalNode { Local = p, Type = p.Type });
        switch (f.Sig.Results.Count)
        {
            case 0:
                return new ExprStmtNode { X = call };
            case 1:
                return new ReturnNode { Values = [call] };
        }
        var decls = new List<StmtNode>();
        var temps = new List<Local>();
        foreach (var v in f.Sig.Results.Vars)
        {
            var t = f.NewTemp(v.Type.Unalias, default);
            decls.Add(new DeclNode { Local = t });
            temps.Add(t);
        }
        var ret = new ReturnNode { Values = temps.ConvertAll(t => (ExprNode)new LocalNode { Local = t, Type = t.Type }) };
        ret.Values[0].Init = [new AssignCallNode { X = temps.ConvertAll(t => (ExprNode?)new LocalNode { Local = t, Type = t.Type }), Call = call, Define = true, Init = decls }];
        return ret;
    }

    /// <summary>The closure body of a bound method, "T.M-fm": its captured variable is the receiver.</summary>
    internal Function MethodValueWrapper(GoType recv, Func method, Function? target)
    {
        string name = target != null ? target.LinkName + "-fm" : Names.OfMethod(recv, method.Name) + "-fm";
        if (_made.TryGetValue(name, out var known))
            return known;
        var sig = PlainSig(target?.Sig ?? method.Sig);
        var pkg = target?.Pkg ?? Pkg;
        var f = BuildContext.NewFunction(name, pkg, sig, null);
        f.IsClosure = f.IsWrapper = true;
        f.IsInstance = true;
        var self = new Local { Name = ".this", Type = recv, Class = LocalClass.Captured, Owner = f, ByValue = true };
        f.ClosureVars.Add(self);
        AddMade(_wrappers, f);
        f.Body = [TailCall(f, f.Params, new LocalNode { Local = self, Type = recv }, target, method)];
        return f;
    }

    /// <summary>All wrappers that tables of a declared type and of pointers to it can refer to.</summary>
    void MakeWrappers(NamedType t)
    {
        if (t.Underlying is InterfaceType)
            return;
        MethodTable(t);
        MethodTable(new PointerType(t));
    }
}
