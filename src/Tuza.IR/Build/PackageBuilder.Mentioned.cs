// Instances that nobody calls but gc compiles and reports: the methods of every instantiated type that the package's text leads to.
//
// gc reads the types of the objects that a package mentions with all they consist of: fields, elements, parameters of methods. Each
// instance of a generic type met on the way gets its methods. They matter only for what -m prints.

using System.Collections.Generic;
using Tuza.Syntax;
using Tuza.Types;

namespace Tuza.IR;

public sealed partial class PackageBuilder
{
    /// <summary>Adds the methods of all instantiated types within reach to the package.</summary>
    public void BuildMentioned()
    {
        var seen = new HashSet<GoType>(ReferenceEqualityComparer.Instance);
        var pending = new Stack<GoType>();
        var instances = new List<NamedType>();
        foreach (var tv in Pkg.Info.Types.Values)
            if (tv.Type != null)
                pending.Push(tv.Type);
        foreach (var def in Pkg.Info.Defs.Values)
            if (def?.Type != null)
                pending.Push(def.Type);
        while (pending.TryPop(out var t))
        {
            t = t.Unalias;
            if (!seen.Add(t))
                continue;
            switch (t)
            {
                case NamedType n:
                    if (n.TypeParams.Count > 0 && !n.IsInstance || Subst.HasTypeParam(n))
                        break;
                    pending.Push(n.Underlying);
                    if (n.IsInstance && n.Underlying is not InterfaceType)
                        instances.Add(n);
                    if (n.Underlying is not InterfaceType)
                        for (int i = 0; i < n.MethodCount; i++)
                            pending.Push(n.Method(i).Sig);
                    break;
                case PointerType p:
                    pending.Push(p.Elem);
                    break;
                case SliceType s:
                    pending.Push(s.Elem);
                    break;
                case ArrayType a:
                    pending.Push(a.Elem);
                    break;
                case ChanType c:
                    pending.Push(c.Elem);
                    break;
                case MapType m:
                    pending.Push(m.Key);
                    pending.Push(m.Elem);
                    break;
                case StructType s:
                    foreach (var f in s.Fields)
                        pending.Push(f.Type);
                    break;
                case TupleType tuple:
                    foreach (var v in tuple.Vars)
                        pending.Push(v.Type);
                    break;
                case Signature s when s.TypeParams.Count == 0:
                    pending.Push(s.Params);
                    pending.Push(s.Results);
                    break;
                case InterfaceType i:
                    foreach (var m in i.TypeSet.Methods)
                        pending.Push(m.Sig);
                    break;
            }
        }
        foreach (var n in instances)
            for (int i = 0; i < n.MethodCount; i++)
                if (n.Method(i) is { } method && method.Origin.Sig.TypeParams.Count == 0)
                    FunctionFor(method, n.TypeArgs, []);
        BuildPending();
        for (int i = IR.Functions.Count - 1; i >= 0; i--)
            if (IR.Functions[i] is { HasPlainName: true, Body: not null } f)
                IR.Functions.Add(PlainInstance(f));
    }

    /// <summary>What gc makes of an instance with real type arguments: a function that calls the body of their shape. It is there to be
    /// weighed, inlined into and reported, and is taken away before code is made.</summary>
    static Function PlainInstance(Function f)
    {
        bool isMethod = f.Params.Count > f.Sig.Params.Count;
        var plain = BuildContext.NewFunction(f.LinkName + "·plain", f.Pkg, f.Sig, isMethod ? f.Params[0].Type : null, isMethod ? f.Params[0].Name : "");
        plain.Pos = plain.EndPos = f.Pos;
        plain.Pragma = f.Pragma;
        Pos at = PosOfDeclaration(f);
        plain.Obj = f.Obj;
        plain.MessageName = f.ShortName;
        plain.IsMessageOnly = true;
        for (int i = 0; i < plain.Params.Count; i++)
            plain.Params[i].Pos = f.Params[i].Pos;
        for (int i = 0; i < plain.Results.Count; i++)
            plain.Results[i].Pos = f.Results[i].Pos;
        var call = new CallNode
        {
            Fun = Builder.FuncRef(f, at, isMethod),
            Args = plain.Params.ConvertAll(p => (ExprNode)new LocalNode { Local = p, Type = p.Type, Pos = at }),
            HasDots = f.Sig.Variadic,
            Type = f.Results.Count switch { 0 => TupleType.Empty, 1 => f.Results[0].Type, _ => f.Sig.Results },
            Pos = at,
        };
        plain.Body = [f.Results.Count switch
        {
            0 => new ExprStmtNode { X = call, Pos = at },
            1 => new ReturnNode { Values = [call], Pos = at },
            _ => ReturnTuple(plain, call, at),
        }];
        return plain;
    }

    /// <summary>Where a declaration goes on behind `func`: its name or its receiver.</summary>
    internal static Pos PosOfDeclaration(Function f) => f.Obj?.Decl is { Recv: not null } d ? Pos.Make(d.Pos.FileId, d.Pos.Line, 6) : f.Pos;

    static ReturnNode ReturnTuple(Function f, CallNode call, Pos at)
    {
        var decls = new List<StmtNode>();
        var temps = new List<Local>();
        foreach (var r in f.Results)
        {
            var t = f.NewTemp(r.Type, at);
            decls.Add(new DeclNode { Local = t, Pos = at });
            temps.Add(t);
        }
        ExprNode Ref(Local t) => new LocalNode { Local = t, Type = t.Type, Pos = at };
        var ret = new ReturnNode { Values = temps.ConvertAll(Ref), Pos = at };
        ret.Values[0].Init = [new AssignCallNode { X = temps.ConvertAll(t => (ExprNode?)Ref(t)), Call = call, Define = true, Init = decls, Pos = at }];
        return ret;
    }
}
