// Terminating statements: whether control can fall off the end of a function with results.

using System.Collections.Generic;
using Tuza.Syntax;

namespace Tuza.Types;

public sealed partial class Checker
{
    bool IsTerminating(Stmt? s, string label)
    {
        switch (s)
        {
            case LabeledStmt l:
                return IsTerminating(l.Stmt, l.Label.Name);
            case ExprStmt e:
                return Unparen(e.X) is CallExpr call && _env.PanicCalls != null && _env.PanicCalls.Contains(call);
            case ReturnStmt:
                return true;
            case BranchStmt b:
                return b.Tok is Token.Goto or Token.Fallthrough;
            case BlockStmt b:
                return IsTerminatingList(b.List);
            case IfStmt i:
                return i.Else != null && IsTerminating(i.Then, "") && IsTerminating(i.Else, "");
            case SwitchStmt w:
                return IsTerminatingSwitch(w.Cases, label);
            case TypeSwitchStmt w:
                return IsTerminatingSwitch(w.Cases, label);
            case SelectStmt sel:
                foreach (CommClause c in sel.Cases)
                    if (!IsTerminatingList(c.Body) || HasBreak(c.Body, label, true))
                        return false;
                return true;
            case ForStmt f:
                return f.Cond == null && !HasBreak(f.Body, label, true);
            default:
                return false;
        }
    }

    bool IsTerminatingList(List<Stmt> list)
    {
        for (int i = list.Count - 1; i >= 0; i--)
            if (list[i] is not EmptyStmt)
                return IsTerminating(list[i], "");
        return false;
    }

    bool IsTerminatingSwitch(List<CaseClause> clauses, string label)
    {
        bool hasDefault = false;
        foreach (CaseClause c in clauses)
        {
            hasDefault |= c.Exprs == null;
            if (!IsTerminatingList(c.Body) || HasBreak(c.Body, label, true))
                return false;
        }
        return hasDefault;
    }

    /// <summary>s contains a break that leaves the statement with this label, or (isInner) an unlabeled one that leaves it.</summary>
    static bool HasBreak(Stmt? s, string label, bool isInner)
    {
        switch (s)
        {
            case LabeledStmt l:
                return HasBreak(l.Stmt, label, isInner);
            case BranchStmt { Tok: Token.Break } b:
                return b.Label == null ? isInner : b.Label.Name == label;
            case BlockStmt b:
                return HasBreak(b.List, label, isInner);
            case IfStmt i:
                return HasBreak(i.Then, label, isInner) || HasBreak(i.Else, label, isInner);
            case SwitchStmt w:
                return label != "" && w.Cases.Exists(c => HasBreak(c.Body, label, false));
            case TypeSwitchStmt w:
                return label != "" && w.Cases.Exists(c => HasBreak(c.Body, label, false));
            case SelectStmt w:
                return label != "" && w.Cases.Exists(c => HasBreak(c.Body, label, false));
            case ForStmt f:
                return label != "" && HasBreak(f.Body, label, false);
            case RangeStmt r:
                return label != "" && HasBreak(r.Body, label, false);
            default:
                return false;
        }
    }

    static bool HasBreak(List<Stmt> list, string label, bool isInner)
    {
        foreach (Stmt s in list)
            if (HasBreak(s, label, isInner))
                return true;
        return false;
    }
}
