// Labels and the statements that jump: break, continue, goto, fallthrough.
//
// One pass over a function body, block by block. A block knows the labels declared in it; gotos whose label was not seen yet travel
// outwards as pending, because the label may follow in the same or an enclosing block. A pending goto that a variable declaration
// follows is remembered: it must not reach a label behind that declaration in the same block.

using System.Collections.Generic;
using System.Runtime.CompilerServices;

namespace Tuza.Syntax;

/// <summary>Checks the branch statements of one function body and sets their targets.</summary>
sealed class Branches
{
    sealed record Label(Block Parent, LabeledStmt Stmt)
    {
        public bool Used;
    }

    sealed record Block(Block? Parent, Pos Start)
    {
        /// <summary>The label of the statement that is being checked in this block or, at its begin, of the statement that has it as body.</summary>
        public LabeledStmt? Label;
    }

    /// <summary>What unlabeled branches refer to. CaseIndex: the clause of the directly enclosing switch, -1 deeper inside.</summary>
    readonly record struct Targets(Stmt? Breaks, Stmt? Continues, int CaseIndex);

    readonly DiagnosticSink _sink;
    readonly Dictionary<string, Label> _labels = [];

    Branches(DiagnosticSink sink) => _sink = sink;

    public static void Check(BlockStmt body, DiagnosticSink sink)
    {
        Branches b = new(sink);
        foreach (BranchStmt jump in b.CheckBlock(null, default, null, body.Pos, body.List) ?? [])
        {
            string name = jump.Label!.Name;
            if (b._labels.TryGetValue(name, out Label? label))
            {
                label.Used = true;
                b.Error(jump.Label.Pos, $"goto {name} jumps into block starting at {Positions.TextWithOrigin(label.Parent.Start)}");
            }
            else
            {
                b.Error(jump.Label.Pos, $"label {name} not defined");
            }
        }
        foreach (Label label in b._labels.Values)
        {
            if (!label.Used)
                b.Error(label.Stmt.Label.Pos, $"label {label.Stmt.Label.Name} defined and not used");
        }
    }

    void Error(Pos pos, string message) => _sink.Error(pos, message);

    /// <summary>Returns the gotos that found no label yet, or null for none.</summary>
    List<BranchStmt>? CheckBlock(Block? parent, Targets context, LabeledStmt? owner, Pos start, List<Stmt> body)
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            Error(start, "syntax error: nesting too deep");
            return null;
        }
        Block block = new(parent, start) { Label = owner };
        List<BranchStmt>? pending = null;
        List<BranchStmt>? overVariable = null; // pending gotos that a variable declaration followed
        Pos variablePos = Pos.None;
        string variable = "";

        int count = body.Count; // trailing empty statements do not count for fallthrough
        while (count > 0 && body[count - 1] is EmptyStmt)
            count--;
        for (int i = 0; i < count; i++)
        {
            LabeledStmt? label = null;
            Stmt stmt = body[i];
            while (stmt is LabeledStmt l)
            {
                if (l.Label.Name != "_")
                {
                    Resolve(Declare(block, l), l);
                    label = l;
                }
                stmt = l.Stmt;
            }
            block.Label = label;
            switch (stmt)
            {
                case DeclStmt d:
                    foreach (Decl decl in d.Decls)
                    {
                        if (decl is VarDecl v)
                        {
                            Variable(v.Pos, v.Names[0].Name);
                            break;
                        }
                    }
                    break;
                case AssignStmt { Define: true } a:
                    Variable(a.Pos, ExprPrinter.Text(a.Lhs));
                    break;
                case BranchStmt { Label: null } b:
                    Unlabeled(b, context, last: i + 1 == count);
                    break;
                case BranchStmt b:
                    if (!Labeled(b, block))
                        (pending ??= []).Add(b);
                    break;
                case BlockStmt b:
                    Inner(context with { CaseIndex = -1 }, b.Pos, b.List);
                    break;
                case IfStmt s:
                    CheckIf(s);
                    break;
                case ForStmt f:
                    Inner(new Targets(f, f, -1), f.Body.Pos, f.Body.List);
                    break;
                case RangeStmt r:
                    Inner(new Targets(r, r, -1), r.Body.Pos, r.Body.List);
                    break;
                case SwitchStmt s:
                    for (int c = 0; c < s.Cases.Count; c++)
                        Inner(new Targets(s, context.Continues, c), s.Cases[c].Pos, s.Cases[c].Body);
                    break;
                case TypeSwitchStmt s:
                    for (int c = 0; c < s.Cases.Count; c++)
                        Inner(new Targets(s, context.Continues, c), s.Cases[c].Pos, s.Cases[c].Body);
                    break;
                case SelectStmt s:
                    foreach (CommClause c in s.Cases)
                        Inner(new Targets(s, context.Continues, -1), c.Pos, c.Body);
                    break;
            }
        }
        return pending;

        void Inner(Targets targets, Pos at, List<Stmt> list)
        {
            if (CheckBlock(block, targets, block.Label, at, list) is { } jumps)
                (pending ??= []).AddRange(jumps);
        }

        void CheckIf(IfStmt s)
        {
            Targets inner = context with { CaseIndex = -1 };
            while (true)
            {
                Inner(inner, s.Then.Pos, s.Then.List);
                if (s.Else is IfStmt next)
                {
                    s = next;
                    continue;
                }
                if (s.Else is BlockStmt b)
                    Inner(inner, b.Pos, b.List);
                return;
            }
        }

        void Variable(Pos pos, string name)
        {
            (variablePos, variable) = (pos, name);
            overVariable = pending == null ? null : [.. pending];
        }

        void Resolve(Label label, LabeledStmt l)
        {
            if (pending == null)
                return;
            List<BranchStmt> rest = [];
            foreach (BranchStmt jump in pending)
            {
                if (jump.Label!.Name != l.Label.Name)
                {
                    rest.Add(jump);
                    continue;
                }
                jump.Target = l;
                label.Used = true;
                if (overVariable != null && overVariable.Contains(jump))
                    Error(jump.Label.Pos, $"goto {l.Label.Name} jumps over declaration of {variable} at {Positions.TextWithOrigin(variablePos)}");
            }
            pending = rest;
        }
    }

    Label Declare(Block block, LabeledStmt l)
    {
        if (_labels.TryGetValue(l.Label.Name, out Label? other))
        {
            Error(l.Label.Pos, $"label {l.Label.Name} already defined at {Positions.TextWithOrigin(other.Stmt.Label.Pos)}");
            return other;
        }
        return _labels[l.Label.Name] = new Label(block, l);
    }

    void Unlabeled(BranchStmt b, Targets context, bool last)
    {
        switch (b.Tok)
        {
            case Token.Break:
                b.Target = context.Breaks;
                if (b.Target == null)
                    Error(b.Pos, "break is not in a loop, switch, or select");
                break;
            case Token.Continue:
                b.Target = context.Continues;
                if (b.Target == null)
                    Error(b.Pos, "continue is not in a loop");
                break;
            case Token.Fallthrough:
                if (context.Breaks is TypeSwitchStmt)
                    Error(b.Pos, "cannot fallthrough in type switch");
                else if (context.Breaks is not SwitchStmt s || context.CaseIndex < 0 || !last)
                    Error(b.Pos, "fallthrough statement out of place");
                else if (context.CaseIndex + 1 == s.Cases.Count)
                    Error(b.Pos, "cannot fallthrough final case in switch");
                break;
        }
    }

    /// <summary>False when a goto's label is not known yet.</summary>
    bool Labeled(BranchStmt b, Block block)
    {
        string name = b.Label!.Name;
        _labels.TryGetValue(name, out Label? label);
        if (label != null)
            label.Used = true;
        if (b.Tok == Token.Goto)
        {
            for (Block? at = block; label != null && at != null; at = at.Parent)
            {
                if (at == label.Parent)
                {
                    b.Target = label.Stmt;
                    return true;
                }
            }
            return false;
        }

        string verb = b.Tok == Token.Break ? "break" : "continue";
        if (label == null)
        {
            Error(b.Label.Pos, $"{verb} label not defined: {name}");
            return true;
        }
        for (Block? at = block; at != null; at = at.Parent)
        {
            if (at.Label != label.Stmt)
                continue;
            Stmt target = label.Stmt.Stmt;
            if (target is ForStmt or RangeStmt || (b.Tok == Token.Break && target is SwitchStmt or TypeSwitchStmt or SelectStmt))
            {
                b.Target = target;
                return true;
            }
            break;
        }
        Error(b.Label.Pos, $"invalid {verb} label {name}");
        return true;
    }
}
