// Value switches.
//
// Constant integer cases become a jump table or a binary search; constant strings a search by length, then by content. Everything else is compared
// in order. Type switches are in FuncLowerer.TypeSwitch.cs.

using System.Collections.Generic;
using System.Numerics;
using Tuza.Syntax;
using Tuza.Types;

namespace Tuza.IR;

sealed partial class FuncLowerer
{
    const int LinearCases = 4, MinTable = 8;

    void Switch(SwitchNode s)
    {
        var end = NewBlock();
        var bodies = new LowBlock[s.Cases.Count];
        LowBlock? @default = null;
        for (int i = 0; i < bodies.Length; i++)
        {
            bodies[i] = NewBlock();
            if (s.Cases[i].IsDefault)
                @default = bodies[i];
        }
        @default ??= end;
        if (s.Tag == null || ConstBool(s.Tag) == true)
            Conditions(s, bodies, @default);
        else
            Values(s, bodies, @default);
        _scopes.Add(new Scope(s.Label, end, null));
        for (int i = 0; i < bodies.Length; i++)
        {
            _cur = bodies[i];
            Stmts(s.Cases[i].Body);
            Jump(s.Cases[i].Fallthrough && i + 1 < bodies.Length ? bodies[i + 1] : end);
        }
        _scopes.RemoveAt(_scopes.Count - 1);
        _cur = end;
    }

    static bool? ConstBool(ExprNode e) => e is ConstNode { Value: BoolConstant b } ? b.Value : null;

    void Conditions(SwitchNode s, LowBlock[] bodies, LowBlock @default)
    {
        for (int i = 0; i < bodies.Length; i++)
            foreach (var cond in s.Cases[i].Exprs)
            {
                var next = NewBlock();
                Condition(cond, bodies[i], next);
                _cur = next;
            }
        Jump(@default);
    }

    void Values(SwitchNode s, LowBlock[] bodies, LowBlock @default)
    {
        var tagNode = s.Tag!;
        Order(tagNode);
        if (IntCases(s, bodies) is { } ints)
        {
            var tag = Keep(One(tagNode));
            Search(tag, ints, 0, ints.Count, @default);
            return;
        }
        if (TextCases(s, bodies) is { } texts)
        {
            var t = Materialize(Text(tagNode));
            SearchText(t, texts, @default);
            return;
        }
        // Comparisons as trees, with the tag in a variable of its own.
        var local = new Local { Name = ".tag", Type = tagNode.Type, Owner = _tree, IsTemp = true, Pos = tagNode.Pos };
        AssignPlace(HomePlace(local), tagNode);
        for (int i = 0; i < bodies.Length; i++)
            foreach (var e in s.Cases[i].Exprs)
            {
                ExprNode x = new LocalNode { Local = local, Type = local.Type, Pos = e.Pos };
                if (Predicates.IsInterface(e.Type) && !Predicates.IsInterface(x.Type))
                    x = new ConvNode { Kind = ConvKind.ToInterface, X = x, Type = e.Type, Pos = e.Pos, Implicit = true };
                var y = e;
                if (!Predicates.IsInterface(e.Type) && e is not NilNode && Predicates.IsInterface(x.Type))
                    y = new ConvNode { Kind = ConvKind.ToInterface, X = e, Type = x.Type, Pos = e.Pos, Implicit = true };
                var next = NewBlock();
                Condition(new CompareNode { Op = Token.Eql, X = x, Y = y, Type = Universe.Bool, Pos = e.Pos }, bodies[i], next);
                _cur = next;
            }
        Jump(@default);
    }

    // ---- integers

    static List<(BigInteger Value, LowBlock Body)>? IntCases(SwitchNode s, LowBlock[] bodies)
    {
        if (!Predicates.IsInteger(s.Tag!.Type))
            return null;
        var list = new List<(BigInteger, LowBlock)>();
        var seen = new HashSet<BigInteger>();
        for (int i = 0; i < bodies.Length; i++)
            foreach (var e in s.Cases[i].Exprs)
            {
                if (!Predicates.IsInteger(e.Type) || ConstInt(e) is not { } v)
                    return null;
                if (seen.Add(v))
                    list.Add((v, bodies[i]));
            }
        list.Sort(static (a, b) => a.Item1.CompareTo(b.Item1));
        return list;
    }

    void Search(LowExpr tag, List<(BigInteger Value, LowBlock Body)> cases, int from, int to, LowBlock @default)
    {
        int n = to - from;
        if (n >= MinTable && cases[to - 1].Value - cases[from].Value < (3 * n) + 8)
        {
            Table(tag, cases, from, to, @default);
            return;
        }
        if (n <= LinearCases)
        {
            for (int i = from; i < to; i++)
            {
                var next = i + 1 < to ? NewBlock() : @default;
                Branch(L.Cmp(LowOp.Eq, tag, L.FromBig(tag.Type, cases[i].Value)), cases[i].Body, next);
                _cur = next == @default ? null : next;
            }
            if (n == 0)
                Jump(@default);
            return;
        }
        int mid = from + (n / 2);
        var low = NewBlock();
        var high = NewBlock();
        Branch(L.Cmp(L.IsSigned(tag.Type) ? LowOp.LtS : LowOp.LtU, tag, L.FromBig(tag.Type, cases[mid].Value)), low, high);
        _cur = low;
        Search(tag, cases, from, mid, @default);
        _cur = high;
        Search(tag, cases, mid, to, @default);
    }

    void Table(LowExpr tag, List<(BigInteger Value, LowBlock Body)> cases, int from, int to, LowBlock @default)
    {
        var first = cases[from].Value;
        int count = (int)(cases[to - 1].Value - first) + 1;
        var wide = L.Conv(LowType.I64, tag);
        var index = Use(L.Bin(LowOp.Sub, LowType.I64, wide, L.FromBig(LowType.I64, first)));
        var inside = NewBlock();
        Branch(L.Cmp(LowOp.LtU, index, L.I64(count)), inside, @default);
        _cur = inside;
        var table = new LowSwitch { Value = L.Conv(LowType.U32, index), Default = @default };
        int at = from;
        for (int i = 0; i < count; i++)
            table.Targets.Add(cases[at].Value - first == i ? cases[at++].Body : @default);
        Terminate(table);
    }

    // ---- strings

    static List<(byte[] Value, LowBlock Body)>? TextCases(SwitchNode s, LowBlock[] bodies)
    {
        if (!Predicates.IsString(s.Tag!.Type))
            return null;
        var list = new List<(byte[], LowBlock)>();
        for (int i = 0; i < bodies.Length; i++)
            foreach (var e in s.Cases[i].Exprs)
            {
                if (e is not ConstNode { Value: StringConstant c })
                    return null;
                list.Add((c.Value, bodies[i]));
            }
        return list.Count >= 2 ? list : null;
    }

    void SearchText(LowExpr[] tag, List<(byte[] Value, LowBlock Body)> cases, LowBlock @default)
    {
        var byLength = new SortedDictionary<int, List<(byte[], LowBlock)>>();
        foreach (var c in cases)
        {
            if (!byLength.TryGetValue(c.Value.Length, out var list))
                byLength.Add(c.Value.Length, list = []);
            list.Add(c);
        }
        var lengths = new List<(BigInteger, LowBlock)>();
        foreach (var (n, _) in byLength)
            lengths.Add((n, NewBlock()));
        Search(tag[1], lengths, 0, lengths.Count, @default);
        int at = 0;
        foreach (var (_, list) in byLength)
        {
            _cur = lengths[at++].Item2;
            foreach (var (bytes, body) in list)
            {
                var no = NewBlock();
                if (bytes.Length <= 16)
                    EqualBytes(tag[0], bytes, no);
                else
                    BranchUnless(CallRuntime1("runtime.memequal", tag[0], L.StringAddr(bytes), L.U64((ulong)bytes.Length)), no);
                Jump(body);
                _cur = no;
            }
            Jump(@default);
        }
    }
}
