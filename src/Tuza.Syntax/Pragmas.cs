// Which `//go:` directives mean something to the compiler, and the check that each stands where it can.
//
// The check runs after a package has been type-checked without errors, as in gc, so that its messages never come between others.

using System.Collections.Generic;

namespace Tuza.Syntax;

/// <summary>Facts about compiler directives.</summary>
public static class Pragmas
{
    public static string Verb(Directive d)
    {
        int blank = d.Text.IndexOf(' ');
        return blank < 0 ? d.Text : d.Text[..blank];
    }

    static bool IsForFunctions(string verb) => verb is "go:noescape" or "go:norace" or "go:nosplit" or "go:noinline" or "go:nocheckptr" or "go:systemstack"
        or "go:nowritebarrier" or "go:nowritebarrierrec" or "go:yeswritebarrierrec" or "go:cgo_unsafe_args" or "go:uintptrkeepalive" or "go:uintptrescapes"
        or "go:registerparams";

    /// <summary>True for directives that must belong to a declaration.</summary>
    public static bool IsKnown(string verb) => verb == "go:build" || IsForFunctions(verb);

    /// <summary>True when the declaration carries the directive, e.g. Has(f.Directives, "go:noinline").</summary>
    public static bool Has(List<Directive> directives, string verb)
    {
        foreach (Directive d in directives)
        {
            if (Verb(d) == verb)
                return true;
        }
        return false;
    }

    /// <summary>Reports directives on declarations that cannot have them.</summary>
    public static void Check(FileNode file, DiagnosticSink sink)
    {
        Report(file.PackageDirectives, verb => verb == "go:build", embed: false);
        foreach (Decl d in file.Decls)
            Report(d.Directives, verb => d is FuncDecl && IsForFunctions(verb), embed: d is VarDecl);

        void Report(List<Directive> directives, System.Func<string, bool> allowed, bool embed)
        {
            foreach (Directive d in directives)
            {
                string verb = Verb(d);
                if (verb == "go:embed" && !embed)
                    sink.Error(d.Pos, "misplaced go:embed directive");
                else if (IsKnown(verb) && !allowed(verb))
                    sink.Error(d.Pos, "misplaced compiler directive");
            }
        }
    }
}
