// Function literals. Names follow gc: "outer.func1", inside literals "outer.func1.2", bodies of range-over-func loops "outer-range1".

using Tuza.Syntax;
using Tuza.Types;

namespace Tuza.IR;

sealed partial class Builder
{
    ClosureNode Literal(FuncLit e)
    {
        var sig = (Signature)TypeOf(e).Underlying;
        var fn = NewLiteral(sig, $"{_fn.LinkName}{(_fn.IsClosure ? "." : ".func")}{++_funcLits}", e.Pos);
        var b = new Builder(_pb, fn, _info, _env, outer: this);
        int i = 0;
        foreach (var p in e.Type.Params)
            b.BindParam(p, fn.Params[i++]);
        b.BindResults(e.Type.Results);
        fn.Body = [];
        b._bodySyntax = e.Body.List;
        b.StmtList(e.Body.List, fn.Body);
        fn.EndPos = e.Body.Rbrace;
        b.CheckFrame();
        return new ClosureNode { Func = fn, Type = sig, Pos = e.Pos };
    }

    Function NewLiteral(Signature sig, string name, Pos pos)
    {
        var fn = BuildContext.NewFunction(name, _fn.Pkg, sig, null);
        fn.Pos = pos;
        fn.IsClosure = true;
        fn.Outer = _fn;
        fn.IsInstance = _fn.IsInstance;
        fn.NameAfter(_fn);
        _root._closures.Add(fn);
        _pb.AddLiteral(fn);
        return fn;
    }
}
