// Every function of the standard library that has no body is bound: to C#, to instructions, or to Go code under the name it is linked to.
//
// A new release of Go that declares a new hook fails here, by name, before a program runs into it.

using System;
using System.Collections.Generic;
using System.Linq;
using Tuza.Emit;
using Tuza.IR;
using Tuza.Load;
using Tuza.Syntax;
using Xunit;

namespace Tuza.UnitTests.Std;

public sealed class HooksTests
{
    /// <summary>Declarations that nothing calls here, and why.</summary>
    static readonly Dictionary<string, string> s_unbound = new()
    {
        ["internal/bytealg.abigen_runtime_memequal"] = "a mark for the assembler",
        ["internal/bytealg.abigen_runtime_memequal_varlen"] = "a mark for the assembler",
        ["internal/runtime/startlinetest.AsmFunc"] = "assembly for a test of runtime",
        ["reflect.call"] = "callers are patched to callTyped",
        ["reflect.makeFuncStub"] = "callers are patched to funcStubFor",
        ["reflect.methodValueCall"] = "callers are patched to methodStubFor",
        ["reflect.adjustAIXGCDataForRuntime"] = "only on AIX",
        ["reflect.unusedIfaceIndir"] = "for old programs",
        ["reflect.badlinkname_Value_pointer"] = "a name without a function in Go, too",
        ["syscall.cgocaller"] = "only with cgo",
    };

    sealed class Table
    {
        public HashSet<string> Defined { get; } = [];
        public List<(string Own, string Symbol, FuncDecl Decl)> Bodyless { get; } = [];
    }

    [Fact]
    public void EveryHookOfTheStandardLibraryIsBound()
    {
        string? goroot = GorootFinder.Find(null, Environment.GetEnvironmentVariable, out _);
        if (goroot == null)
            return; // no Go installation on this machine: programs cannot run either
        LoadResult r = new Loader(new LoadOptions(Environment.CurrentDirectory, goroot, Overlay.Find(), new Tuza.Load.BuildContext(), Environment.GetEnvironmentVariable)).Load(["std"]);
        Assert.Empty(r.Errors);
        Assert.True(r.Packages.Count > 300);

        Table t = new();
        foreach (LoadedPackage p in r.Packages)
            if (p.ImportPath is not ("unsafe" or "runtime/cgo")) // the language's own; cgo is off
                Read(p, t);
        List<string> missing = [];
        foreach ((string own, string symbol, FuncDecl d) in t.Bodyless)
        {
            bool bound = NativeSymbols.Find(symbol) != null || Intrinsics.Has(own) || t.Defined.Contains(symbol);
            if (!bound && !s_unbound.ContainsKey(own))
                missing.Add($"{own} (linked as {symbol}), {d.Pos.File!.Name}:{d.Pos.Line}");
        }
        Assert.True(missing.Count == 0, "without a body and not bound:\n" + string.Join('\n', missing.Distinct()));
    }

    static void Read(LoadedPackage p, Table t)
    {
        Dictionary<string, string> names = [];
        foreach (Directive d in p.Files.SelectMany(f => f.Directives))
        {
            string[] words = d.Text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words is ["go:linkname" or "go:linknamestd", var local, var remote])
                names.TryAdd(local, remote);
        }
        foreach (FileNode f in p.Files)
        {
            foreach (FuncDecl d in f.Decls.OfType<FuncDecl>())
            {
                string own = p.ImportPath + "." + (d.Recv == null ? d.Name.Name : Receiver(d) + "." + d.Name.Name);
                string symbol = d.Recv == null && names.TryGetValue(d.Name.Name, out string? remote) ? remote : own;
                if (d.Body == null)
                    t.Bodyless.Add((own, symbol, d));
                else
                {
                    t.Defined.Add(own);
                    t.Defined.Add(symbol);
                }
            }
        }
    }

    static string Receiver(FuncDecl d)
    {
        Expr type = d.Recv!.Type;
        bool pointer = type is StarExpr;
        if (type is StarExpr star)
            type = star.X;
        if (type is IndexExpr i)
            type = i.X;
        string name = type is Ident id ? id.Name : "?";
        return pointer ? $"(*{name})" : name;
    }
}
