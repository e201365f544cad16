// Structs, interfaces, unions and function signatures.

using System.Collections.Generic;
using System.Linq;
using System.Text;
using Tuza.Syntax;

namespace Tuza.Types;

public sealed partial class Checker
{
    const int MaxUnionTerms = 100;

    StructType TypStruct(StructTypeExpr e)
    {
        var fields = new List<Var>(e.Fields.Count);
        var tags = new List<string>();
        var seen = new Dictionary<string, Var>();
        GoType type = Universe.Invalid;
        Expr? prev = null;
        foreach (Field f in e.Fields)
        {
            if (!ReferenceEquals(f.Type, prev))
            {
                type = VarType(f.Type);
                prev = f.Type;
            }
            Ident? name = f.Name;
            GoType fieldType = type;
            if (name == null)
            {
                name = EmbeddedFieldIdent(f.Type);
                if (name == null)
                {
                    if (f.Type is not BadExpr)
                        Error(f.Type, "invalid embedded field type %s", f.Type);
                    name = new Ident { Name = "_", Pos = f.Type.Pos };
                    fieldType = Universe.Invalid;
                }
                else
                    CheckEmbedded(StartPos(f.Type), type);
            }
            var field = new Var
            {
                Name = name.Name,
                Pos = name.Pos,
                Pkg = _pkg,
                Type = fieldType,
                IsField = true,
                Embedded = f.Name == null,
                Used = true,
            };
            if (name.Name != "_" && !DeclareInSet(seen, field))
                continue;
            string tag = Tag(f.Tag);
            if (tag != "")
            {
                while (tags.Count < fields.Count)
                    tags.Add("");
                tags.Add(tag);
            }
            fields.Add(field);
            _info.Defs[name] = field;
        }
        return new StructType(fields, tags);
    }

    bool DeclareInSet(Dictionary<string, Var> seen, Var field)
    {
        if (seen.TryAdd(field.Name, field))
            return true;
        ErrorDesc err = NewError();
        err.Add(field.Pos, "%s redeclared", field.Name);
        err.AddOther(seen[field.Name]);
        err.Report();
        return false;
    }

    void CheckEmbedded(Pos pos, GoType type) => Later(() =>
    {
        GoType t = Lookup.Deref(type, out bool isPtr);
        switch (t.Underlying)
        {
            case BasicType b:
                if (Predicates.IsValid(t) && b.Kind == BasicKind.UnsafePointer)
                    Error(pos, "embedded field type cannot be unsafe.Pointer");
                break;
            case PointerType:
                Error(pos, "embedded field type cannot be a pointer");
                break;
            case InterfaceType:
                if (Predicates.IsTypeParam(t))
                    Error(pos, "embedded field type cannot be a (pointer to a) type parameter");
                else if (isPtr)
                    Error(pos, "embedded field type cannot be a pointer to an interface");
                break;
        }
    });

    static Ident? EmbeddedFieldIdent(Expr e) => e switch
    {
        Ident id => id,
        StarExpr { X: not StarExpr } star => EmbeddedFieldIdent(star.X),
        SelectorExpr sel => sel.Sel,
        IndexExpr index => EmbeddedFieldIdent(index.X),
        ParenExpr p => EmbeddedFieldIdent(p.X),
        _ => null,
    };

    string Tag(BasicLit? tag)
    {
        if (tag == null || tag.Bad)
            return "";
        if (tag.Kind == LitKind.String && ConstantOps.FromLiteral(LitKind.String, tag.Text) is StringConstant s)
            return Encoding.UTF8.GetString(s.Value);
        Error(tag, "incorrect tag syntax: %q", tag.Text);
        return "";
    }

    void TypInterface(InterfaceType iface, InterfaceTypeExpr e, TypeName? def)
    {
        iface.Incomplete = true;
        foreach (Field f in e.Elems)
        {
            if (f.Name == null)
            {
                iface.Embeddeds.Add(ParseUnion(f.Type));
                iface.EmbedPos.Add(StartPos(f.Type));
                continue;
            }
            string name = f.Name.Name;
            if (name == "_")
            {
                Error(f.Name, "methods must have a unique non-blank name");
                continue;
            }
            if (Typ(f.Type) is not Signature sig)
                continue;
            GoType recv = def?.Type is NamedType named ? named : iface;
            sig.Recv = NewParam(f.Name.Pos, "", recv);
            var m = new Func { Name = name, Pos = f.Name.Pos, Pkg = _pkg, Type = sig, IsInterfaceMethod = true };
            _info.Defs[f.Name] = m;
            iface.Methods.Add(m);
        }
        // Sorted as gc prints them; stable, so that of two with the same name the later one is the duplicate.
        iface.Methods = [.. iface.Methods.Order(Comparer<Func>.Create(TypeSet.CompareMethods))];
        iface.Incomplete = false;
        if (iface.Methods.Count > 0 || iface.Embeddeds.Count > 0)
            Later(() => ComputeTypeSet(iface, e.Pos));
    }

    void ComputeTypeSet(InterfaceType iface, Pos pos)
    {
        // Before Go 1.18 only method interfaces could be embedded.
        if (!AllowVersion(18))
            for (int i = 0; i < iface.Embeddeds.Count; i++)
            {
                GoType e = iface.Embeddeds[i];
                if (!Predicates.IsValid(e.Underlying))
                    continue;
                string what = e.Underlying switch
                {
                    InterfaceType inner => inner.TypeSet.IsMethodSet ? "" : "embedding constraint interface %s",
                    UnionType => "embedding interface element %s",
                    _ => "embedding non-interface type %s",
                };
                if (what != "")
                    VersionError(iface.EmbedPos[i], 18, what, e);
            }
        TypeSet.Compute(iface, (at, message, other) =>
        {
            ErrorDesc err = NewError();
            err.Add(at.IsKnown ? at : pos, "%s", message);
            if (other.IsKnown)
                err.Add(other, "other declaration of method %s", message[(message.LastIndexOf(' ') + 1)..]);
            err.Report();
        }, Later, AllowVersion(14));
    }

    /// <summary>`A | ~B | C`, or a single embedded element.</summary>
    GoType ParseUnion(Expr e)
    {
        var ops = new List<Expr>();
        var operands = new List<Expr>();
        Expr left = e;
        while (left is BinaryExpr { Op: Token.Or } b)
        {
            operands.Add(b.Y);
            ops.Add(b);
            left = b.X;
        }
        operands.Add(left);
        operands.Reverse();
        ops.Reverse();

        var terms = new List<UnionTerm>();
        GoType union = Universe.Invalid;
        for (int i = 0; i < operands.Count; i++)
        {
            UnionTerm term = ParseTilde(operands[i]);
            if (operands.Count == 1 && !term.Tilde)
                return term.Type;
            if (terms.Count >= MaxUnionTerms)
            {
                if (Predicates.IsValid(union))
                    Error(operands[i], "cannot handle more than %d union terms (implementation limitation)", MaxUnionTerms);
                union = Universe.Invalid;
            }
            else
            {
                terms.Add(term);
                union = new UnionType([.. terms]);
            }
            if (i > 0)
                RecordTypeAndValue(ops[i - 1], OperandMode.TypeExpr, union, null);
        }
        if (Predicates.IsValid(union))
            Later(() => CheckTerms(terms, operands));
        return union;
    }

    UnionTerm ParseTilde(Expr e)
    {
        bool tilde = e is UnaryExpr { Op: Token.Tilde };
        Expr x = e is UnaryExpr { Op: Token.Tilde } u ? u.X : e;
        GoType type = Typ(x);
        if (Predicates.IsTypeParam(type))
        {
            // gc explains what embedding a type parameter would mean; the two forms have two texts.
            if (tilde)
                Error(x, "type in term %s cannot be a type parameter", e);
            else
                Error(x, "term cannot be a type parameter");
            type = Universe.Invalid;
        }
        var term = new UnionTerm(tilde, type);
        if (tilde)
            RecordTypeAndValue(e, OperandMode.TypeExpr, new UnionType([term]), null);
        return term;
    }

    void CheckTerms(List<UnionTerm> terms, List<Expr> exprs)
    {
        for (int i = 0; i < terms.Count; i++)
        {
            UnionTerm t = terms[i];
            if (!Predicates.IsValid(t.Type))
                continue;
            GoType under = t.Type.Underlying;
            var iface = under as InterfaceType;
            if (t.Tilde)
            {
                if (iface != null)
                {
                    Error(exprs[i], "invalid use of ~ (%s is an interface)", t.Type);
                    continue;
                }
                if (!Identical.Same(under, t.Type))
                {
                    Error(exprs[i], "invalid use of ~ (underlying type of %s is %s)", t.Type, under);
                    continue;
                }
            }
            if (iface != null)
            {
                TypeSet set = iface.TypeSet;
                if (set.Methods.Count != 0)
                    Error(exprs[i], "cannot use %s in union (%s contains methods)", t.Type, t.Type);
                else if (ReferenceEquals(t.Type.Unalias, Universe.ComparableName.Type))
                    Error(exprs[i], "cannot use comparable in union");
                else if (set.ComparableOnly)
                    Error(exprs[i], "cannot use %s in union (%s embeds comparable)", t.Type, t.Type);
                continue;
            }
            for (int j = 0; j < i; j++)
                if (Predicates.IsValid(terms[j].Type) && !Predicates.IsInterface(terms[j].Type) && !Disjoint(terms[j], t))
                {
                    SoftError(exprs[i], "overlapping terms %s and %s", TermText(t), TermText(terms[j]));
                    break;
                }
        }
    }

    static bool Disjoint(UnionTerm x, UnionTerm y)
    {
        GoType ux = y.Tilde ? x.Type.Underlying : x.Type;
        GoType uy = x.Tilde ? y.Type.Underlying : y.Type;
        return !Identical.Same(ux, uy);
    }

    /// <summary>With full package paths, as gc prints terms.</summary>
    static string TermText(UnionTerm t) => (t.Tilde ? "~" : "") + new TypeWriter { Qualifier = p => p.Path }.Type(t.Type);

    /// <summary>Types a signature and opens its scope, which is returned and holds the parameters.</summary>
    Scope TypFunc(Signature sig, Field? recvField, List<Field> typeParams, FuncTypeExpr e)
    {
        OpenScope(e, "function");
        Scope scope = _env.Scope;
        scope.IsFunc = true;

        Var? recv = null;
        if (recvField != null)
            recv = CollectRecv(recvField, e.Pos, sig);
        if (typeParams.Count > 0)
            CollectTypeParams(list => sig.TypeParams = list, typeParams);

        List<Var> parameters = CollectParams(e.Params, true, out bool variadic);
        List<Var> results = CollectParams(e.Results, false, out _);
        Pos scopePos = Positions.End(e);
        if (recv != null && recv.Name != "")
            Declare(scope, recvField!.Name, recv, scopePos);
        DeclareParams(e.Params, parameters, scopePos);
        DeclareParams(e.Results, results, scopePos);

        sig.Recv = recv;
        sig.Params = parameters.Count == 0 ? TupleType.Empty : new TupleType(parameters);
        sig.Results = results.Count == 0 ? TupleType.Empty : new TupleType(results);
        sig.Variadic = variadic;
        CloseScope();
        _funcScopes[sig] = scope;
        return scope;
    }

    Var CollectRecv(Field field, Pos scopePos, Signature sig)
    {
        var names = new List<Ident>();
        UnpackRecv(field.Type, out bool ptr, out Expr baseExpr, names);
        GoType type;
        if (names.Count == 0)
        {
            type = VarType(field.Type);
            // Methods cannot be declared on an instantiated type, not even through an alias.
            for (AliasType? a = Unpointer(type) as AliasType; a != null;)
            {
                GoType target = Unpointer(a.FromRhs ?? Universe.Invalid);
                bool generic = target is AliasType { TypeArgs.Count: > 0 } or AliasType { TypeParams.Count: > 0 }
                    or NamedType { IsInstance: true } or NamedType { TypeParams.Count: > 0 };
                if (generic)
                {
                    Error(baseExpr, "cannot define new methods on instantiated type %s", target);
                    type = Universe.Invalid;
                    break;
                }
                a = target as AliasType;
            }
        }
        else
            type = GenericRecv(field, baseExpr, ptr, names, scopePos, sig);

        Var recv;
        if (field.Name != null && field.Name.Name != "")
            recv = NewParam(field.Name.Pos, field.Name.Name, type);
        else
        {
            recv = NewParam(field.Pos, "", type);
            _info.Implicits[field] = recv;
        }
        Later(() => ValidRecv(baseExpr, recv));
        return recv;
    }

    /// <summary>`func (r T[P, Q])`: declares P and Q and instantiates T with them.</summary>
    GoType GenericRecv(Field field, Expr baseExpr, bool ptr, List<Ident> names, Pos scopePos, Signature sig)
    {
        NamedType? generic = null;
        GoType t = GenericType(baseExpr, out string cause);
        if (t is NamedType named)
            generic = named;
        else if (t is AliasType && Predicates.IsValid(t))
            Error(baseExpr, "cannot define new methods on generic alias type %s", t);
        else if (cause != "")
            Error(baseExpr, "%s", cause);

        var tparams = new List<TypeParam>();
        foreach (Ident name in names)
        {
            TypeParam tp = DeclareTypeParam(name, scopePos, tparams.Count);
            tparams.Add(tp);
            _info.Uses[name] = tp.Obj;
            RecordTypeAndValue(name, OperandMode.TypeExpr, tp, null);
        }
        sig.RecvTypeParams = tparams;
        if (generic == null)
            return Universe.Invalid;

        List<TypeParam> declared = generic.TypeParams;
        if (tparams.Count == declared.Count)
        {
            var map = new SubstMap(declared, tparams);
            for (int i = 0; i < tparams.Count; i++)
            {
                MonoCanon(tparams[i], declared[i]);
                tparams[i].Bound = Subst.Apply(declared[i].Bound, map);
            }
        }
        else
            Error(baseExpr, "receiver declares %s, but receiver base type declares %d", Measure(tparams.Count, "type parameter"), declared.Count);
        VerifyVersion(baseExpr, 18, "type instantiation");

        var targs = new List<GoType>(tparams);
        GoType type = Instances.Of(generic, targs);
        RecordInstance(baseExpr, targs, type);
        if (ptr && Predicates.IsValid(type))
            type = new PointerType(type);
        RecordRecvTypes(field.Type, type);
        return type;
    }

    void RecordRecvTypes(Expr e, GoType type)
    {
        while (true)
        {
            RecordTypeAndValue(e, OperandMode.TypeExpr, type, null);
            if (e is ParenExpr p)
                e = p.X;
            else if (e is StarExpr star && type is PointerType ptr)
                (e, type) = (star.X, ptr.Elem);
            else
                return;
        }
    }

    static GoType Unpointer(GoType type)
    {
        while (type is PointerType p)
            type = p.Elem;
        return type;
    }

    void ValidRecv(Expr at, Var recv)
    {
        GoType rtype = Lookup.Deref(recv.Type, out _);
        GoType type = rtype.Unalias;
        if (!Predicates.IsValid(type))
            return;
        switch (type)
        {
            case NamedType t:
                if (!ReferenceEquals(t.Obj.Pkg, _pkg))
                {
                    Error(at, "cannot define new methods on non-local type %s", rtype);
                    break;
                }
                string cause = t.Underlying switch
                {
                    BasicType { Kind: BasicKind.UnsafePointer } => "unsafe.Pointer",
                    PointerType or InterfaceType => "pointer or interface type",
                    _ => "",
                };
                if (cause != "")
                    Error(at, "invalid receiver type %s (%s)", rtype, cause);
                break;
            case BasicType:
                Error(at, "cannot define new methods on non-local type %s", rtype);
                break;
            default:
                Error(at, "invalid receiver type %s", recv.Type);
                break;
        }
    }

    List<Var> CollectParams(List<Field> fields, bool variadicOk, out bool variadic)
    {
        variadic = false;
        var vars = new List<Var>(fields.Count);
        GoType type = Universe.Invalid;
        Expr? prev = null;
        for (int i = 0; i < fields.Count; i++)
        {
            Field field = fields[i];
            if (!ReferenceEquals(field.Type, prev))
            {
                prev = field.Type;
                Expr t = prev;
                if (t is EllipsisExpr dots)
                {
                    t = dots.Elem;
                    if (variadicOk && i == fields.Count - 1)
                        variadic = true;
                    else
                        Error(dots, "invalid use of ...");
                }
                type = VarType(t);
            }
            Var v = NewParam(field.Name?.Pos ?? field.Pos, field.Name?.Name ?? "", type);
            if (field.Name == null)
                _info.Implicits[field] = v;
            vars.Add(v);
        }
        if (variadic)
        {
            Var last = vars[^1];
            last.Type = new SliceType(last.Type);
            RecordTypeAndValue(fields[^1].Type, OperandMode.TypeExpr, last.Type, null);
        }
        return vars;
    }

    void DeclareParams(List<Field> fields, List<Var> vars, Pos scopePos)
    {
        for (int i = 0; i < fields.Count; i++)
            if (fields[i].Name is { Name: not "" } name)
                Declare(_env.Scope, name, vars[i], scopePos);
    }

    static string Measure(int n, string unit) => n == 1 ? $"{n} {unit}" : $"{n} {unit}s";
}
