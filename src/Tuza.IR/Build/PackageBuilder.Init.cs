// Package variables: static data where possible, the rest in the function "pkg.init"; embedded files.

using System.Collections.Generic;
using Tuza.Types;

namespace Tuza.IR;

public sealed partial class PackageBuilder
{
    /// <summary>Map variables whose initialisers have at least so many nodes get a function of their own.</summary>
    const int MapInitNodes = 20;

    /// <summary>First of all functions, in this order: `init`, then those of maps.</summary>
    readonly List<Function> _initFunctions = [];
    StaticInit? _static;
    StaticInit Static => _static ??= new StaticInit(this);

    void BuildInit()
    {
        if (Pkg.Info.InitOrder.Count == 0)
            return;
        var fn = BuildContext.NewFunction(Names.Prefix(Pkg) + ".init", Pkg, new Signature(), null);
        var b = new Builder(this, fn, Pkg.Info, Plain);
        var initialisers = new List<(Initializer Syntax, StmtNode Node)>();
        foreach (var i in Pkg.Info.InitOrder)
            initialisers.Add((i, b.PackageVar(i)));
        b.FinishCaptures(); // static data must know which literals capture nothing

        var body = Static.Dynamic;
        int mapInits = 0;
        foreach (var (_, node) in initialisers)
        {
            if (node is AssignNode { X: GlobalNode { Global: var g }, Y: var y } && g.Defined && Static.TryInit(g, y))
                continue;
            if (node is AssignNode { X: null } blank && Static.IsStatic(blank.Y, false))
                continue;
            if (node is not AssignNode { X: GlobalNode })
                Static.SeenMutation = true;
            body.Add(node is AssignNode { X: GlobalNode, Y: MapLitNode lit } && NodeCount(lit) >= MapInitNodes ? MapInit(node, mapInits++) : node);
        }
        fn.Body = body;
        Static.AttachImages(body);
        foreach (var f in b.Closures)
            Static.AttachImages(f.Body!);
        if (body.Count > 0)
        {
            _initFunctions.Insert(0, fn);
            IR.InitFunctions.Add(fn);
        }
        IR.Functions.InsertRange(0, _initFunctions);
    }

    static int NodeCount(ExprNode x)
    {
        int n = 0;
        Walk.Preorder([new ExprStmtNode { X = x }], _ =>
        {
            n++;
            return true;
        }, null);
        return n;
    }

    StmtNode MapInit(StmtNode assign, int number)
    {
        var f = BuildContext.NewFunction($"{Names.Prefix(Pkg)}.map.init.{number}", Pkg, new Signature(), null);
        f.Pos = assign.Pos;
        bool hasLocals = false;
        Walk.Preorder([assign], e =>
        {
            hasLocals |= e is LocalNode or ClosureNode { Func.ClosureVars.Count: > 0 };
            return true;
        }, s =>
        {
            hasLocals |= s is DeclNode;
            return true;
        });
        if (hasLocals) // temporaries belong to init
            return assign;
        f.Body = [assign];
        Static.AttachImages(f.Body);
        _initFunctions.Add(f);
        return new ExprStmtNode { X = new CallNode { Fun = Builder.FuncRef(f, assign.Pos), Type = TupleType.Empty, Pos = assign.Pos }, Pos = assign.Pos };
    }
}
