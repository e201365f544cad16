// What gc checks after the types are right: directives, functions without bodies, anonymous interfaces that contain themselves.

using System;
using System.Collections.Generic;
using Tuza.Syntax;

namespace Tuza.Types;

public sealed partial class Checker
{
    void CheckDirectives()
    {
        AnonymousCycles();
        CheckChanElems();
        if (_errors)
            return;
        var linknames = new HashSet<string>();
        foreach (FileNode file in _pkg.Files)
        {
            Pragmas.Check(file, _sink);
            CheckLinknames(file, linknames);
            CheckEmbeds(file);
        }
        foreach (Obj obj in _objList)
            if (obj is Func f && _objMap[obj].FuncDecl is { } decl)
                CheckFuncDirectives(f, decl, linknames);
        if (_sink.HasErrors)
            _errors = true;
    }

    static bool Imports(FileNode file, string path)
    {
        foreach (Decl d in file.Decls)
            if (d is ImportDecl { Path: { } lit } && lit.Text.Length == path.Length + 2 && lit.Text.AsSpan(1, path.Length).SequenceEqual(path))
                return true;
        return false;
    }

    void CheckLinknames(FileNode file, HashSet<string> linknames)
    {
        foreach (Directive d in file.Directives)
        {
            string verb = Pragmas.Verb(d);
            if (verb is not ("go:linkname" or "go:linknamestd"))
                continue;
            string[] words = d.Text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            if (words.Length is < 2 or > 3)
                continue; // reported by the parser
            if (!Imports(file, "unsafe"))
                Error(d.Pos, "//%s only allowed in Go files that import \"unsafe\"", verb);
            else if (words.Length == 3 && words[2].Contains('[') && words[2].Contains(']'))
                Error(d.Pos, "//%s reference of an instantiation is not allowed", verb);
            else if (_pkg.Scope.Lookup(words[1]) is Func or Var)
            {
                if (!linknames.Add(words[1]))
                    Error(d.Pos, "duplicate //%s for %s", verb, words[1]);
            }
            else if (LangVersion.Parse(_options.GoVersion) is { IsValid: false } or { Minor: >= 18 })
                Error(d.Pos, "//%s must refer to declared function or variable", verb);
        }
    }

    void CheckEmbeds(FileNode file)
    {
        foreach (Decl decl in file.Decls)
            if (decl is VarDecl v)
                CheckEmbed(file, v, false);
        foreach (VarDecl v in _localEmbeds)
            if (v.Pos.FileId == file.Source.Id)
                CheckEmbed(file, v, true);
    }

    void CheckEmbed(FileNode file, VarDecl v, bool inFunc)
    {
        Directive? embed = v.Directives.Find(d => Pragmas.Verb(d) == "go:embed");
        if (embed == null)
            return;
        string problem = "";
        if (!Imports(file, "embed"))
            problem = "go:embed requires import \"embed\" (or import _ \"embed\", if package is not used)";
        else if (v.Names.Count > 1)
            problem = "go:embed cannot apply to multiple vars";
        else if (v.Values.Count > 0)
            problem = "go:embed cannot apply to var with initializer";
        else if (v.Type == null)
            problem = "go:embed cannot apply to var without type";
        else if (inFunc)
            problem = "go:embed cannot apply to var inside func";
        else if (LangVersion.Parse(_options.GoVersion) is { IsValid: true, Minor: < 16 })
            problem = $"go:embed requires go1.16 or later (-lang was set to {_options.GoVersion}; check go.mod)";
        else if (_info.Defs.GetValueOrDefault(v.Names[0]) is { } obj && !EmbedType(obj.Type))
            problem = Sprintf("go:embed cannot apply to var of type %s", obj.Type);
        if (problem != "")
            Error(embed.Pos, "%s", problem);
    }

    static bool EmbedType(GoType type) =>
        Predicates.IsString(type) || type.Underlying is SliceType { Elem: var e } && e.Underlying is BasicType { Kind: BasicKind.Uint8 }
        || type.Unalias is NamedType { Obj: { Name: "FS", Pkg.Path: "embed" } };

    /// <summary>Packages of the standard library without assembly files of their own whose bodies are in the runtime.</summary>
    bool HasOutsideBodies => _pkg.IsStd && _pkg.Path is "bytes" or "internal/poll" or "net" or "os" or "runtime/metrics" or "runtime/pprof"
        or "runtime/trace" or "sync" or "syscall" or "time";

    void CheckFuncDirectives(Func f, FuncDecl decl, HashSet<string> linknames)
    {
        if (Pragmas.Has(decl.Directives, "go:nosplit") && Pragmas.Has(decl.Directives, "go:systemstack"))
            Error(decl, "go:nosplit and go:systemstack cannot be combined");
        if (decl.Body != null)
        {
            if (Pragmas.Has(decl.Directives, "go:noescape"))
                Error(decl, "can only use //go:noescape with external func implementations");
        }
        else if ((_options.Complete && !HasOutsideBodies || decl.Name.Name == "init") && (decl.Recv != null || !linknames.Contains(f.Name)))
            Error(decl, "missing function body");
    }

    /// <summary>`type I interface { m() interface { I } }`: an interface without a name that reaches itself without going through a name.</summary>
    void AnonymousCycles()
    {
        var exprs = new List<InterfaceTypeExpr>();
        foreach (Expr e in _info.Types.Keys)
            if (e is InterfaceTypeExpr { Pos.IsKnown: true } iface)
                exprs.Add(iface);
        exprs.Sort((x, y) => x.Pos.CompareTo(y.Pos));

        var state = new Dictionary<InterfaceType, bool>(ReferenceEqualityComparer.Instance);
        Pos end = default;
        foreach (InterfaceTypeExpr e in exprs)
        {
            // The outermost interface stands for those inside it.
            if (e.Pos.FileId == end.FileId && e.Pos < end)
                continue;
            end = Positions.End(e);
            if (_info.Types[e].Type.Unalias is not InterfaceType iface || !InterfaceCycle(iface, state))
                continue;
            Error(e.Pos, "invalid recursive type: anonymous interface refers to itself (see https://go.dev/issue/56103)");
            foreach (InterfaceType seen in new List<InterfaceType>(state.Keys))
                state[seen] = false;
        }
    }

    /// <summary>The element size of a channel is kept in 16 bits.</summary>
    void CheckChanElems()
    {
        foreach ((Expr e, TypeAndValue tv) in _info.Types)
            if (e is ChanTypeExpr && tv.Type is ChanType ch && !Subst.HasTypeParam(ch.Elem) && _typeEnv.Sizes.Sizeof(ch.Elem) is < 0 or >= 1 << 16)
                Error(e.Pos, "channel element type too large (>64kB)");
    }

    static bool InterfaceCycle(InterfaceType iface, Dictionary<InterfaceType, bool> state)
    {
        foreach (Func m in iface.TypeSet.Methods)
            if (VisitInterfaces(m.Sig, state))
                return true;
        return false;
    }

    static bool VisitInterfaces(GoType type, Dictionary<InterfaceType, bool> state)
    {
        switch (type.Unalias)
        {
            case PointerType t:
                return VisitInterfaces(t.Elem, state);
            case ArrayType t:
                return VisitInterfaces(t.Elem, state);
            case ChanType t:
                return VisitInterfaces(t.Elem, state);
            case SliceType t:
                return VisitInterfaces(t.Elem, state);
            case MapType t:
                return VisitInterfaces(t.Key, state) || VisitInterfaces(t.Elem, state);
            case StructType t:
                return t.Fields.Exists(f => VisitInterfaces(f.Type, state));
            case Signature t:
                return t.Params.Vars.Exists(v => VisitInterfaces(v.Type, state)) || t.Results.Vars.Exists(v => VisitInterfaces(v.Type, state));
            case InterfaceType t:
                if (t.Methods.Count == 0 && t.Embeddeds.Count == 0)
                    return false;
                if (state.TryGetValue(t, out bool cyclic))
                    return cyclic;
                state[t] = true;
                if (InterfaceCycle(t, state))
                    return true;
                state[t] = false;
                return false;
            default:
                return false;
        }
    }
}
