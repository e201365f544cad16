// The loader on small trees made for the occasion: modules, errors in go's words, constraints, embedding, test programs.

using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Tuza.Load;
using Xunit;

namespace Tuza.UnitTests.Load;

public sealed class LoaderTests : IDisposable
{
    readonly string _dir = Directory.CreateTempSubdirectory("tuza-load-").FullName;

    public LoaderTests()
    {
        Put("goroot/src/fmt/fmt.go", "package fmt\n");
        Put("goroot/src/os/os.go", "package os\n");
        Put("goroot/src/reflect/reflect.go", "package reflect\n");
        Put("goroot/src/runtime/runtime.go", "package runtime\n");
        Put("goroot/src/internal/abi/abi.go", "package abi\n");
        Put("goroot/src/testing/testing.go", "package testing\n");
        Put("goroot/src/testing/internal/testdeps/deps.go", "package testdeps\n");
        Put("goroot/src/vendor/golang.org/x/net/net.go", "package net\n");
        Put("m/go.mod", "module ex.com/m\n\ngo 1.21\n");
    }

    public void Dispose() => Directory.Delete(_dir, recursive: true);

    void Put(string path, string text)
    {
        path = Path.Combine(_dir, path);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }

    Loader NewLoader(string cwd = "m", bool tests = false, params string[] tags) =>
        new(new LoadOptions(Path.Combine(_dir, cwd), Path.Combine(_dir, "goroot"), new Overlay(null), new BuildContext(tags),
            name => name is "GOMODCACHE" ? Path.Combine(_dir, "cache") : name is "HOME" ? _dir : null)
        { Tests = tests });

    LoadResult Load(params string[] args) => NewLoader().Load(args);

    string Goroot => Path.Combine(_dir, "goroot");

    [Fact]
    public void PackagesComeDependenciesFirst()
    {
        Put("m/a.go", "package m\nimport _ \"ex.com/m/b\"\nimport _ \"fmt\"\n");
        Put("m/b/b.go", "package b\nimport _ \"ex.com/m/c\"\n");
        Put("m/c/c.go", "package c\n");
        LoadResult r = Load(".");
        Assert.Empty(r.Errors);
        Assert.Equal(["runtime", "ex.com/m/c", "ex.com/m/b", "fmt", "ex.com/m"], r.Packages.Select(p => p.ImportPath));
        Assert.Equal("go1.21", r.Roots[0].GoVersion);
        Assert.Equal("./a.go", r.Roots[0].Files[0].Source.Name);
        Assert.Equal("go1.27", r.Packages[3].GoVersion);
    }

    [Fact]
    public void ErrorsAreInGosWords()
    {
        Put("m/a/a.go", "package a\n\nimport (\n\t\"foo\"\n\t\"ex.com/no\"\n\t\"internal/abi\"\n)\n");
        Put("m/x/x.go", "package x\nimport _ \"ex.com/m/y\"\n");
        Put("m/y/y.go", "package y\nimport _ \"ex.com/m/x\"\n");
        Put("m/two/a.go", "package one\n");
        Put("m/two/b.go", "package two\n");
        Put("m/none/x_windows.go", "package none\n");
        Assert.Equal(["package ex.com/m/a\n\ta/a.go:6:2: use of internal package internal/abi not allowed",
            "a/a.go:5:2: no required module provides package ex.com/no; to add it:\n\tgo get ex.com/no",
            $"a/a.go:4:2: package foo is not in std ({Goroot}/src/foo)"], Load("./a").Errors);
        Assert.Equal(["package ex.com/m/x\n\timports ex.com/m/y from x.go\n\timports ex.com/m/x from y.go: import cycle not allowed"], Load("./x").Errors);
        Assert.Equal([$"found packages one (a.go) and two (b.go) in {_dir}/m/two"], Load("./two").Errors);
        Assert.Equal([$"package ex.com/m/none: build constraints exclude all Go files in {_dir}/m/none"], Load("./none").Errors);
        Assert.Equal(["stat no.go: no such file or directory"], Load("no.go").Errors);
        Assert.Equal([$"package nope is not in std ({Goroot}/src/nope)"], Load("nope").Errors);
    }

    [Fact]
    public void FilesAreChosenByNameAndConstraint()
    {
        Put("m/a.go", "package m\n");
        Put("m/a_linux.go", "package m\n");
        Put("m/a_amd64.go", "package m\n");
        Put("m/a_windows.go", "package m\n");
        Put("m/linux.go", "package m\n");
        Put("m/b.go", "// doc\n\n//go:build linux && go1.20 && !cgo\n\npackage m\n");
        Put("m/c.go", "//go:build ignore\n\npackage main\n");
        Put("m/d.go", "// +build arm64\n\npackage m\n");
        Put("m/e.go", "//go:build special\n\npackage m\n");
        Put("m/f.go", "package m\nimport \"C\"\n");
        Put("m/_g.go", "package other\n");
        static List<string> Names(LoadResult r) => [.. r.Roots[0].Files.Select(f => Path.GetFileName(f.Source.Path))];
        Assert.Equal(["a.go", "a_amd64.go", "a_linux.go", "b.go", "linux.go"], Names(Load(".")));
        Assert.Contains("e.go", Names(NewLoader(tags: "special").Load(["."])));
    }

    [Fact]
    public void ModulesComeFromReplacementsAndTheCache()
    {
        Put("m/go.mod", "module ex.com/m\n\ngo 1.27\n\nrequire (\n\tex.com/A v1.2.0\n\tex.com/local v0.0.0 // indirect\n)\n\nreplace ex.com/local => ../local\n");
        Put("local/go.mod", "module ex.com/local\n\ngo 1.19\n\nrequire ex.com/A v1.3.0\n");
        Put("local/l.go", "package local\n");
        Put("cache/ex.com/!a@v1.3.0/go.mod", "module ex.com/A\n\ngo 1.18\n");
        Put("cache/ex.com/!a@v1.3.0/sub/s.go", "package sub\n");
        Put("m/m.go", "package m\n\nimport (\n\t_ \"ex.com/A/sub\"\n\t_ \"ex.com/local\"\n)\n");
        LoadResult r = Load(".");
        Assert.Empty(r.Errors);
        Assert.Equal("go1.18", r.Packages.Single(p => p.ImportPath == "ex.com/A/sub").GoVersion);
        Assert.Equal("go1.19", r.Packages.Single(p => p.ImportPath == "ex.com/local").GoVersion);
    }

    [Fact]
    public void VendoredPackages()
    {
        Put("m/go.mod", "module ex.com/m\n\ngo 1.21\n\nrequire ex.com/v v1.0.0\n");
        Put("m/vendor/modules.txt", "# ex.com/v v1.0.0\n## explicit; go 1.20\nex.com/v/p\n");
        Put("m/vendor/ex.com/v/p/p.go", "package p\n");
        Put("m/m.go", "package m\nimport _ \"ex.com/v/p\"\n");
        LoadResult r = Load(".");
        Assert.Empty(r.Errors);
        Assert.Equal("go1.20", r.Packages.Single(p => p.ImportPath == "ex.com/v/p").GoVersion);
        Put("goroot/src/fmt/fmt.go", "package fmt\nimport _ \"golang.org/x/net\"\n");
        Assert.Contains(Load("fmt").Packages, p => p.ImportPath == "vendor/golang.org/x/net");
    }

    [Fact]
    public void VendorFolderThatLagsBehind()
    {
        Put("v/go.mod", "module ex.com/v\n\ngo 1.21\n\nrequire (\n\tq.com/q v1.4.0\n\tq.com/r v1.0.0\n)\n\nreplace q.com/r => ./r\n");
        Put("v/v.go", "package v\nimport _ \"q.com/q\"\n");
        Put("v/vendor/modules.txt", "# q.com/q v1.3.0\n## explicit; go 1.20\nq.com/q\n# q.com/r v1.0.0 => ./other\n## explicit\n# q.com/s => ./s\n");
        Put("v/vendor/q.com/q/q.go", "package q\n");
        string error = Assert.Single(NewLoader("v").Load(["."]).Errors);
        Assert.Equal([
            $"go: inconsistent vendoring in {Path.Combine(_dir, "v")}:",
            "\tq.com/q@v1.4.0: is explicitly required in go.mod, but not marked as explicit in vendor/modules.txt",
            "\tq.com/r: is replaced in go.mod, but not marked as replaced in vendor/modules.txt",
            "\tq.com/q@v1.3.0: is marked as explicit in vendor/modules.txt, but not explicitly required in go.mod",
            "\tq.com/s: is marked as replaced in vendor/modules.txt, but not replaced in go.mod",
        ], error.Split('\n')[..5]);
    }

    [Fact]
    public void WorkspacesHaveAVendorFolderToo()
    {
        Put("w/go.work", "go 1.24\n\nuse ./a\n");
        Put("w/a/go.mod", "module ex.com/a\n\ngo 1.24\n\nrequire q.com/q v1.3.0\n");
        Put("w/a/a.go", "package a\nimport _ \"q.com/q\"\n");
        Put("w/vendor/modules.txt", "## workspace\n# q.com/q v1.3.0\n## explicit; go 1.20\nq.com/q\n");
        Put("w/vendor/q.com/q/q.go", "package q\n");
        LoadResult r = NewLoader("w/a").Load(["."]);
        Assert.Empty(r.Errors);
        Assert.Equal("go1.20", r.Packages.Single(p => p.ImportPath == "q.com/q").GoVersion);
    }

    [Fact]
    public void PatternsPassOverWhatHasNoFileForThisBuild()
    {
        Put("m/a/a.go", "package a\n");
        Put("m/c/c.go", "package c\nimport \"C\"\n");
        LoadResult r = Load("./...");
        Assert.Empty(r.Errors);
        Assert.Equal(["ex.com/m/a"], r.Roots.Select(p => p.ImportPath));
        Assert.Equal([$"package ex.com/m/c: build constraints exclude all Go files in {Path.Combine(_dir, "m", "c")}"], Load("./c").Errors);
    }

    [Fact]
    public void EmbeddedFiles()
    {
        Put("m/m.go", "package m\n\nimport _ \"fmt\"\n\n//go:embed d/*.txt e\nvar x string\n//go:embed no*\nvar y string\n");
        Put("m/d/a.txt", "a");
        Put("m/d/b.md", "b");
        Put("m/e/x", "x");
        Put("m/e/.hidden", "h");
        Put("m/e/sub/y", "y");
        LoadResult r = Load(".");
        Assert.Equal(["m.go:7:12: pattern no*: no matching files found"], r.Errors);
        Assert.Equal(["d/a.txt"], r.Roots[0].Embeds["d/*.txt"]);
        Assert.Equal(["e/sub/y", "e/x"], r.Roots[0].Embeds["e"]);
    }

    [Fact]
    public void TestProgramsUseTheTestedVariantEverywhere()
    {
        Put("m/a/a.go", "package a\n");
        Put("m/a/export_test.go", "package a\nvar Secret = 1\n");
        Put("m/a/a_test.go", "package a_test\n\nimport (\n\t\"testing\"\n\t\"ex.com/m/a\"\n\t_ \"ex.com/m/b\"\n)\n\nvar _ = a.Secret\n\nfunc TestX(t *testing.T) {}\nfunc Testify() {}\n"
            + "func BenchmarkY(b *testing.B) {}\nfunc ExampleZ() {\n\t// first\n\tprintln()\n\n\t// Output:\n\t// one\n\t// two\n}\nfunc Example_none() {}\n");
        Put("m/b/b.go", "package b\nimport _ \"ex.com/m/a\"\n");
        Loader loader = NewLoader(tests: true);
        LoadResult r = loader.Load(["./a"]);
        Assert.Empty(r.Errors);
        TestProgram t = loader.TestOf(r.Roots[0]);
        Assert.Empty(t.Errors);
        LoadedPackage tested = t.Packages.Single(p => p.ImportPath == "ex.com/m/a");
        Assert.Equal(2, tested.Files.Count);
        Assert.Same(tested, t.Packages.Single(p => p.ImportPath == "ex.com/m/b").Imports["ex.com/m/a"]);
        string main = System.Text.Encoding.UTF8.GetString(t.Main!.Files[0].Source.Text);
        Assert.Empty(t.Main.Diagnostics.List);
        Assert.Contains("{\"TestX\", _xtest.TestX},", main, StringComparison.Ordinal);
        Assert.Contains("{\"ExampleZ\", _xtest.ExampleZ, \"one\\ntwo\\n\", false},", main, StringComparison.Ordinal);
        Assert.DoesNotContain("Testify", main, StringComparison.Ordinal);
        Assert.DoesNotContain("Example_none", main, StringComparison.Ordinal);
        Assert.Same(t.Main, t.Packages[^1]);
    }
}
