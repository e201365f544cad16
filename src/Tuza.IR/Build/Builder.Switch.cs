// switch on values, switch on types, select.

using System.Collections.Generic;
using Tuza.Syntax;
using Tuza.Types;

namespace Tuza.IR;

sealed partial class Builder
{
    void Switch(SwitchStmt s, List<StmtNode> into, string? label)
    {
        var init = new List<StmtNode>();
        if (s.Init != null)
            Stmt(s.Init, init, null);
        var cases = s.Cases;
        var tag = s.Tag;
        bool chosen = false;
        if (ConstantChoice(s, out var target))
        {
            cases = target == null ? [] : [target];
            tag = null;
            chosen = true;
        }
        ExprNode? tagNode = tag == null ? null : Expr(tag);
        GoType tagType = tagNode == null ? Universe.Bool : tagNode.Type;
        bool isChan = tagType.Underlying is ChanType;
        if (!isChan && !chosen && NeedsInterface(cases, tagType))
            tagType = Universe.EmptyInterface;
        var n = new SwitchNode { Label = label, Pos = s.Pos, Init = init.Count > 0 ? init : null };
        if (tagNode != null)
            n.Tag = ImplicitConv(tagType, tagNode);
        else if (tagType.Underlying is InterfaceType)
            n.Tag = ImplicitConv(tagType, BoolConst(true, s.Pos));
        _breakDepth++;
        foreach (var clause in cases)
        {
            var c = new CaseNode { Pos = clause.Pos, IsDefault = clause.Exprs == null || chosen };
            if (!c.IsDefault)
                foreach (var e in clause.Exprs!)
                    c.Exprs.Add(isChan ? ChanCase(Expr(e), tagType) : ImplicitConv(tagType, e));
            c.Fallthrough = EndsInFallthrough(clause.Body);
            StmtList(clause.Body, c.Body);
            n.Cases.Add(c);
        }
        _breakDepth--;
        into.Add(n);
    }

    static ExprNode ChanCase(ExprNode x, GoType tag) =>
        x is NilNode || x.Type.Underlying is not InterfaceType ? ImplicitConv(tag, x) : x;

    /// <summary>Tag and all case expressions up to the match are constant: the clause that is always taken (null: none).</summary>
    bool ConstantChoice(SwitchStmt s, out CaseClause? target)
    {
        target = null;
        Constant? tag = s.Tag == null ? ConstantOps.MakeBool(true) : _info.Types.TryGetValue(Unparen(s.Tag), out var tv) ? tv.Value : null;
        if (tag == null)
            return false;
        foreach (var clause in s.Cases)
        {
            if (clause.Exprs == null)
            {
                target ??= clause;
                continue;
            }
            foreach (var e in clause.Exprs)
            {
                if (!_info.Types.TryGetValue(Unparen(e), out var cv) || cv.Value == null || cv.Type.Underlying is InterfaceType)
                    return false;
                if (cv.Value.Kind is ConstantKind.Bool or ConstantKind.String ? cv.Value.Kind != tag.Kind : tag.Kind is ConstantKind.Bool or ConstantKind.String)
                    return false;
                if (ConstantOps.Compare(tag, Token.Eql, cv.Value))
                {
                    target = clause;
                    return !EndsInFallthrough(clause.Body);
                }
            }
        }
        return target == null || !EndsInFallthrough(target.Body);
    }

    /// <summary>Some case cannot be converted to the tag's type: everything is compared as any.</summary>
    bool NeedsInterface(List<CaseClause> cases, GoType tag)
    {
        foreach (var clause in cases)
            foreach (var e in clause.Exprs ?? [])
            {
                if (_info.Types.TryGetValue(Unparen(e), out var tv) && tv.Mode == OperandMode.NilValue)
                    continue;
                var t = TypeOf(e);
                var ti = t.Underlying as InterfaceType;
                if (Identical.Same(t, tag) || ti == null && tag.Underlying is not InterfaceType)
                    continue;
                bool assignable = tag.Underlying is InterfaceType target && (ti == null || HasMethodsOf(ti, target));
                if (!assignable)
                    return true;
            }
        return false;
    }

    static bool EndsInFallthrough(List<Stmt> body)
    {
        for (int i = body.Count - 1; i >= 0; i--)
        {
            if (body[i] is EmptyStmt)
                continue;
            var s = body[i];
            while (s is LabeledStmt l)
                s = l.Stmt;
            return s is BranchStmt { Tok: Token.Fallthrough };
        }
        return false;
    }

    void TypeSwitch(TypeSwitchStmt s, List<StmtNode> into, string? label)
    {
        var init = new List<StmtNode>();
        if (s.Init != null)
            Stmt(s.Init, init, null);
        var n = new TypeSwitchNode { Label = label, X = Expr(s.X), Pos = s.Pos, Init = init.Count > 0 ? init : null };
        _breakDepth++;
        foreach (var clause in s.Cases)
        {
            var c = new CaseNode { Pos = clause.Pos, IsDefault = clause.Exprs == null };
            foreach (var e in clause.Exprs ?? [])
            {
                bool isNil = _info.Types.TryGetValue(Unparen(e), out var tv) ? !tv.IsType : Unparen(e) is Ident { Name: "nil" };
                var type = isNil ? null : TypeOf(e);
                if (type == null || _env.IsEmpty || CanHold(n.X.Type, type))
                    c.Types.Add(type);
            }
            if (c.Types.Count == 0 && !c.IsDefault)
                continue; // cannot be taken in this instance
            if (_info.Implicits.TryGetValue(clause, out var obj) && obj is Var v)
                c.Var = Declare(v, clause.Exprs is { Count: > 0 } exprs ? TypeEndPos(exprs[^1]) : clause.Pos);
            StmtList(clause.Body, c.Body);
            n.Cases.Add(c);
        }
        _breakDepth--;
        into.Add(n);
    }

    /// <summary>Where gc says the variable of a clause is declared: at the last name of the clause's last type.</summary>
    static Pos TypeEndPos(Node e)
    {
        for (; ; )
            switch (e)
            {
                case ParenExpr p: e = p.X; continue;
                case StarExpr s: e = s.X; continue;
                case SelectorExpr s: e = s.X; continue;
                case IndexExpr i: e = i.Indices[^1]; continue;
                case SliceTypeExpr s: e = s.Elem; continue;
                case ArrayTypeExpr a: e = a.Elem; continue;
                case EllipsisExpr l: e = l.Elem; continue;
                case ChanTypeExpr c: e = c.Elem; continue;
                case MapTypeExpr m: e = m.Value; continue;
                case FuncTypeExpr { Results.Count: > 0 } f: e = f.Results[^1].Type; continue;
                case FuncTypeExpr { Params.Count: > 0 } f: e = f.Params[^1].Type; continue;
                case InterfaceTypeExpr { Elems.Count: > 0 } i: e = i.Elems[^1].Type; continue;
                default: return e.Pos;
            }
    }

    void Select(SelectStmt s, List<StmtNode> into, string? label)
    {
        var n = new SelectNode { Label = label, Pos = s.Pos };
        _breakDepth++;
        foreach (var clause in s.Cases)
        {
            var c = new CommNode { Pos = clause.Pos };
            switch (clause.Comm)
            {
                case null:
                    break;
                case SendStmt send:
                    {
                        var list = new List<StmtNode>();
                        Stmt(send, list, null);
                        c.Comm = list[0];
                        break;
                    }
                case ExprStmt e:
                    c.Comm = new AssignOkNode { Y = Expr(e.X), Pos = e.Pos };
                    break;
                case AssignStmt a:
                    c.Comm = ReceiveInto(a, c.Body);
                    break;
                default:
                    throw Bad(clause, "communication clause");
            }
            StmtList(clause.Body, c.Body);
            n.Cases.Add(c);
        }
        _breakDepth--;
        into.Add(n);
    }

    /// <summary>`v, ok = &lt;-c` as a case. Only variables of the right types are targets themselves; anything else is assigned at the start of the
    /// clause, because its operands are evaluated only if the case is chosen.</summary>
    AssignOkNode ReceiveInto(AssignStmt a, List<StmtNode> body)
    {
        var pos = a.Pos;
        var decls = new List<StmtNode>();
        var targets = a.Lhs.ConvertAll(e => Target(e, decls));
        var recv = (RecvNode)Expr(a.Rhs[0]);
        if (targets.Count == 1 && Fits(targets[0], recv.Type))
            return new AssignOkNode { X = targets[0], Y = recv, Define = decls.Count > 0, Init = decls.Count > 0 ? decls : null, Pos = pos };
        var values = new List<ExprNode>();
        var comm = new AssignOkNode { Y = recv, Define = true, Pos = pos, Init = [] };
        LocalNode Temp(GoType t)
        {
            var l = _fn.NewTemp(t.Unalias, pos);
            comm.Init!.Add(new DeclNode { Local = l, Pos = pos });
            return Ref(l, pos);
        }
        var x = Temp(recv.Type);
        comm.X = x;
        values.Add(ImplicitConv(targets[0]?.Type, Ref(x.Local, pos)));
        if (targets.Count > 1)
        {
            var ok = Temp(Universe.Bool);
            comm.Ok = ok;
            values.Add(ImplicitConv(targets[1]?.Type, Ref(ok.Local, pos)));
        }
        AddAssign(pos, targets, values, decls, body);
        return comm;

        static bool Fits(ExprNode? target, GoType type) => target == null || target is LocalNode && Identical.Same(target.Type, type);
    }
}
