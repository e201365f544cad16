// What the checker writes into TypeInfo.

using System.Collections.Generic;
using Tuza.Syntax;

namespace Tuza.Types;

public sealed partial class Checker
{
    /// <summary>An expression whose type is not final yet.</summary>
    struct Untyped
    {
        /// <summary>It is the left operand of a shift, so its final type must be an integer type.</summary>
        public bool IsShiftLhs;
        public OperandMode Mode;
        public BasicType Type;
        public Constant? Value;
    }

    void Record(Operand x)
    {
        GoType type = x.Mode switch
        {
            OperandMode.Invalid => Universe.Invalid,
            OperandMode.NoValue => TupleType.Empty,
            _ => x.Type,
        };
        Constant? val = x.Mode == OperandMode.Constant ? x.Value : null;
        if (type is BasicType basic && Predicates.IsUntyped(basic))
            _untyped[x.Expr!] = new Untyped { Mode = x.Mode, Type = basic, Value = val };
        else
            RecordTypeAndValue(x.Expr!, x.Mode, type, val);
    }

    /// <summary>What never met a type (conditions, parts of constants) gets its default type, unless the value does not fit it.</summary>
    void RecordUntyped()
    {
        foreach ((Expr e, Untyped u) in _untyped)
        {
            GoType type = Predicates.Default(u.Type);
            bool fits = u.Value == null || type is BasicType basic && Relations.Representable(u.Value, basic, _typeEnv.Sizes, out _);
            RecordTypeAndValue(e, u.Mode, fits ? type : u.Type, u.Value);
        }
        _untyped.Clear();
    }

    void RecordTypeAndValue(Expr e, OperandMode mode, GoType type, Constant? val)
    {
        if (mode != OperandMode.Invalid)
            _info.Types[e] = new TypeAndValue(mode, type, val);
    }

    /// <summary>Records the signature that a built-in has in this call.</summary>
    void RecordBuiltin(Expr f, Signature sig)
    {
        while (true)
        {
            RecordTypeAndValue(f, OperandMode.Builtin, sig, null);
            if (f is not ParenExpr p)
                return;
            f = p.X;
        }
    }

    /// <summary>Gives `v, ok = x` the pair as the type of x.</summary>
    void RecordCommaOk(Expr e, Operand value, Operand ok)
    {
        if (!value.IsValid)
            return;
        while (_info.Types.TryGetValue(e, out TypeAndValue tv))
        {
            var pair = new TupleType([NewVar(e.Pos, "", value.Type), NewVar(e.Pos, "", ok.Type)]);
            _info.Types[e] = tv with { Type = pair };
            if (e is not ParenExpr p)
                return;
            e = p.X;
        }
    }

    void RecordInstance(Expr e, List<GoType> targs, GoType type)
    {
        if (e is IndexExpr index)
            e = index.X;
        Ident? ident = e switch
        {
            Ident id => id,
            SelectorExpr sel => sel.Sel,
            _ => null,
        };
        if (ident != null)
            _info.Instances[ident] = new Instance(targs, type);
    }

    void RecordSelection(SelectorExpr e, SelectionKind kind, GoType recv, Obj obj, int[] index, bool indirect, GoType type)
    {
        _info.Uses[e.Sel] = obj;
        _info.Selections[e] = new Selection(kind, recv, obj, index, indirect, type);
    }

    Var NewVar(Pos pos, string name, GoType? type) => new() { Pos = pos, Name = name, Pkg = _pkg, Type = type! };

    Var NewParam(Pos pos, string name, GoType type) => new() { Pos = pos, Name = name, Pkg = _pkg, Type = type, IsParam = true, Used = true };
}
