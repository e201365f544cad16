// Calls of interface methods whose concrete type is known become calls of that type's method (design: escape analysis, section 12).
//
// The receiver becomes a type assertion that cannot fail but for nil, which panics as the call would have. A method that is promoted
// from an embedded interface leaves an interface call on the field. Calls of `go` and `defer` stay: what could panic in them would panic
// at the wrong time.

using Tuza.Types;

namespace Tuza.IR;

sealed class Devirtualizer(PackageIR package, Assignments assignments)
{
    readonly TypeEnv _env = new(package.Pkg, Flatten.Sizes);

    /// <summary>The call to make instead, or null.</summary>
    public CallNode? Try(CallNode call)
    {
        if (call.Iface is not { } x || assignments.ConcreteType(x) is not { } type)
            return null;
        if (!Relations.Implements(_env, type, x.Type, false, out _))
            return null;
        var concrete = new TypeAssertNode { X = x, Type = type, Pos = call.Pos, NilPanic = true };
        if (package.Builder!.BindMethod(concrete, call.Method!, call.Pos) is not { } bound)
            return null;
        var direct = new CallNode { Pos = call.Pos, Type = call.Type, HasDots = call.HasDots, NoInline = call.NoInline, Init = call.Init };
        if (bound.Fn != null)
        {
            direct.Fun = Builder.FuncRef(bound.Fn, call.Pos, true);
            direct.Args.Add(bound.Recv);
        }
        else
        {
            direct.Iface = bound.Recv;
            direct.Method = bound.Method;
        }
        direct.Args.AddRange(call.Args);
        if (package.Diagnostics.Wants(1))
            package.Diagnostics.Warn(call.Pos, $"{(bound.Fn != null ? "" : "partially ")}devirtualizing {InlineText.Expr(x, package.Pkg)}.{call.Method!.Name} to {InlineText.Type(type, package.Pkg)}");
        return direct;
    }
}
