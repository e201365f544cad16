// Checks a piece of Go source without imports.

using System.Collections.Generic;
using System.Linq;
using System.Text;
using Tuza.Syntax;
using Tuza.Types;

namespace Tuza.UnitTests.Types;

static class Snippet
{
    public static Package Check(string source, out List<string> errors)
    {
        var sink = new DiagnosticSink();
        var file = Parser.Parse(new SourceFile("x.go", "x.go", Encoding.UTF8.GetBytes("package p\n" + source)), sink);
        var pkg = Checker.Check("p", [file], new CheckOptions(), sink);
        errors = [.. sink.List.Select(d => d.Text)];
        return pkg;
    }

    public static Package Ok(string source)
    {
        var pkg = Check(source, out var errors);
        Xunit.Assert.Empty(errors);
        return pkg;
    }

    public static GoType TypeOf(this Package pkg, string name) => pkg.Scope.Lookup(name)!.Type;

    public static List<string> Errors(string source)
    {
        Check(source, out var errors);
        return errors;
    }
}
