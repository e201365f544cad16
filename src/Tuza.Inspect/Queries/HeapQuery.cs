// Answers queries about a snapshot. Tables are views of it: a row is a number, a column a function of that number, so that nothing is copied and
// what a query does not name costs nothing.

using System;
using System.Collections.Generic;
using System.Globalization;
using Tuza.Abi;

namespace Tuza.Inspect;

public sealed class HeapQuery
{
    delegate QueryValue Column(int row);

    sealed record Table(int Rows, List<(string Name, ColumnKind Kind, Column Value)> Columns);

    readonly Snapshot _s;
    HeapGraph? _graph;
    Dominators? _tree;
    int[]? _referrers;

    HeapQuery(Snapshot s) => _s = s;

    /// <summary>Throws QueryException. most: rows shown if the query has no limit.</summary>
    public static ReportTable Run(Snapshot s, string text, int most)
    {
        QueryTree q = QueryParser.Parse(text);
        return new HeapQuery(s).Run(q, most);
    }

    // ---- tables

    HeapGraph Graph => _graph ??= HeapGraph.Of(_s);
    Dominators Tree => _tree ??= Dominators.Of(Graph);

    int[] Referrers
    {
        get
        {
            if (_referrers == null)
            {
                _referrers = new int[_s.ObjectCount];
                foreach (int to in _s.EdgeTo)
                    _referrers[to]++;
            }
            return _referrers;
        }
    }

    static QueryValue N(double n) => new(n, null);
    static QueryValue T(string s) => new(0, s);
    static QueryValue A(ulong address) => T("0x" + address.ToString("x", CultureInfo.InvariantCulture));

    Table TableOf(string name) => name switch
    {
        "objects" => new Table(_s.ObjectCount,
        [
            ("address", ColumnKind.Words, i => A(_s.Address[i])),
            ("bytes", ColumnKind.Count, i => N(_s.Bytes[i])),
            ("retained", ColumnKind.Count, i => N(Tree.Retained[Graph.FirstObject + i])),
            ("type", ColumnKind.Words, i => T(_s.TypeName(i))),
            ("site", ColumnKind.Words, i => T(_s.Site(i))),
            ("age", ColumnKind.Count, i => N(_s.Age[i] == SnapshotFormat.UnknownAge ? -1 : _s.Age[i])),
            ("refs", ColumnKind.Count, i => N(_s.EdgeStart[i + 1] - _s.EdgeStart[i])),
            ("referrers", ColumnKind.Count, i => N(Referrers[i])),
            ("noscan", ColumnKind.Count, i => QueryValue.Of((_s.Flags[i] & SnapshotFlags.NoScan) != 0)),
        ]),
        "roots" => new Table(_s.Roots.Count,
        [
            ("name", ColumnKind.Words, i => T(_s.Roots[i].Name)),
            ("goroutine", ColumnKind.Count, i => N(_s.Roots[i].Goroutine)),
            ("declared", ColumnKind.Words, i => T(LeakFinder.Place(_s.Roots[i].Declared))),
            ("refs", ColumnKind.Count, i => N(_s.Roots[i].Refs.Length)),
            ("retained", ColumnKind.Count, i => N(Tree.Retained[i + 1])),
        ]),
        "goroutines" => new Table(_s.Goroutines.Count,
        [
            ("id", ColumnKind.Count, i => N(_s.Goroutines[i].Id)),
            ("state", ColumnKind.Words, i => T(_s.Goroutines[i].Reason is { Length: > 0 } reason ? reason : HeapViews.StatusWord(_s.Goroutines[i].Status))),
            ("seconds", ColumnKind.Count, i => N(_s.Goroutines[i].WaitNanos / 1e9)),
            ("stack", ColumnKind.Count, i => N(_s.Goroutines[i].StackBytes)),
            ("defers", ColumnKind.Count, i => N(_s.Goroutines[i].Defers)),
            ("system", ColumnKind.Count, i => QueryValue.Of(_s.Goroutines[i].IsSystem)),
            ("at", ColumnKind.Words, i => T(_s.Goroutines[i].At is { Function: not null } at ? Snapshot.Describe(at) : "")),
            ("created", ColumnKind.Words, i => T(_s.SiteOf(_s.Goroutines[i].Created))),
        ]),
        "spans" => new Table(_s.Spans.Count,
        [
            ("address", ColumnKind.Words, i => A(_s.Spans[i].Address)),
            ("bytes", ColumnKind.Count, i => N(_s.Spans[i].Pages * HeapConsts.PageBytes)),
            ("size", ColumnKind.Count, i => N(SizeClasses.Bytes(_s.Spans[i].Class >> 1))),
            ("noscan", ColumnKind.Count, i => QueryValue.Of((_s.Spans[i].Class & 1) != 0)),
            ("slots", ColumnKind.Count, i => N(_s.Spans[i].Slots)),
            ("used", ColumnKind.Count, i => N(_s.Spans[i].Used)),
        ]),
        _ => throw new QueryException($"query: no table {name}: there are objects, roots, goroutines and spans"),
    };

    // ---- running

    /// <summary>The running values of one aggregate.</summary>
    struct Sum
    {
        public long Count;
        public double Total;
        public QueryValue Least, Most;

        public void Add(QueryValue v)
        {
            Least = Count == 0 || v.CompareTo(Least) < 0 ? v : Least;
            Most = Count == 0 || v.CompareTo(Most) > 0 ? v : Most;
            Count++;
            Total += v.Number;
        }
    }

    sealed class Group(int row, int aggregates)
    {
        public readonly int Row = row;
        public readonly Sum[] Sums = new Sum[aggregates];
    }

    readonly List<QueryExpr> _aggregates = [];
    readonly Dictionary<string, QueryExpr> _aliases = new(StringComparer.Ordinal);
    Table _table = null!;
    Group? _group;

    ReportTable Run(QueryTree q, int most)
    {
        _table = TableOf(q.Table);
        if (q.All)
        {
            foreach (var (name, _, _) in _table.Columns)
                q.Items.Add((new QueryExpr(QueryOp.Column, null, null, name, default), name));
        }
        foreach (var (expr, name) in q.Items)
            _aliases.TryAdd(name, expr);
        Check(q.Where, false);
        q.GroupBy.ForEach(e => Check(e, false));
        q.Items.ForEach(i => Check(i.Expr, true));
        q.OrderBy.ForEach(o => Check(o.Expr, true));
        bool grouped = q.GroupBy.Count > 0 || _aggregates.Count > 0;
        List<(QueryValue[] Shown, QueryValue[] Keys)> rows = [];
        if (grouped)
        {
            foreach (Group g in Groups(q))
            {
                _group = g;
                rows.Add(Row(q, g.Row));
            }
        }
        else
        {
            for (int i = 0; i < _table.Rows; i++)
            {
                if (q.Where == null || Evaluate(q.Where, i).IsTrue)
                    rows.Add(Row(q, i));
            }
        }
        if (q.OrderBy.Count > 0)
            rows = Sorted(rows, q.OrderBy);
        int limit = Math.Min(rows.Count, q.Limit >= 0 ? q.Limit : most);
        (string, ColumnKind)[] columns = new (string, ColumnKind)[q.Items.Count];
        for (int c = 0; c < columns.Length; c++)
            columns[c] = (q.Items[c].Name, KindOf(q.Items[c].Expr));
        ReportTable t = new("heap.query", columns);
        for (int i = 0; i < limit; i++)
            t.Add(Array.ConvertAll(rows[i].Shown, Shown));
        if (limit < rows.Count && q.Limit < 0)
            t.Tail.Add($"… and {rows.Count - limit} more rows (limit {rows.Count})");
        return t;
    }

    static object Shown(QueryValue v) => v.Text != null ? v.Text : v.Number == Math.Floor(v.Number) && Math.Abs(v.Number) < 1e15 ? (long)v.Number : v.Number;

    static List<(QueryValue[] Shown, QueryValue[] Keys)> Sorted(List<(QueryValue[] Shown, QueryValue[] Keys)> rows, List<(QueryExpr Expr, bool Down)> by)
    {
        int[] order = new int[rows.Count];
        for (int i = 0; i < order.Length; i++)
            order[i] = i;
        Array.Sort(order, (a, b) =>
        {
            for (int k = 0; k < by.Count; k++)
            {
                int c = rows[a].Keys[k].CompareTo(rows[b].Keys[k]);
                if (c != 0)
                    return by[k].Down ? -c : c;
            }
            return a.CompareTo(b);
        });
        return [.. Array.ConvertAll(order, i => rows[i])];
    }

    (QueryValue[] Shown, QueryValue[] Keys) Row(QueryTree q, int row)
    {
        QueryValue[] shown = new QueryValue[q.Items.Count], keys = new QueryValue[q.OrderBy.Count];
        for (int c = 0; c < shown.Length; c++)
            shown[c] = Evaluate(q.Items[c].Expr, row);
        for (int k = 0; k < keys.Length; k++)
            keys[k] = Evaluate(q.OrderBy[k].Expr, row);
        return (shown, keys);
    }

    IEnumerable<Group> Groups(QueryTree q)
    {
        Dictionary<string, Group> groups = new(StringComparer.Ordinal);
        List<Group> order = [];
        if (q.GroupBy.Count == 0)
            order.Add(groups[""] = new Group(-1, _aggregates.Count));
        for (int i = 0; i < _table.Rows; i++)
        {
            if (q.Where != null && !Evaluate(q.Where, i).IsTrue)
                continue;
            string key = "";
            foreach (QueryExpr e in q.GroupBy)
            {
                QueryValue v = Evaluate(e, i);
                string part = v.Text ?? v.Number.ToString("R", CultureInfo.InvariantCulture);
                key = q.GroupBy.Count == 1 ? part : $"{key}{part.Length}:{part}";
            }
            if (!groups.TryGetValue(key, out Group? g))
                order.Add(groups[key] = g = new Group(i, _aggregates.Count));
            for (int a = 0; a < _aggregates.Count; a++)
                g.Sums[a].Add(_aggregates[a].Left is { } x ? Evaluate(x, i) : default);
        }
        return order;
    }

    ColumnKind KindOf(QueryExpr e)
    {
        if (e.Op == QueryOp.Column && ColumnOf(e.Name) is >= 0 and var c)
            return _table.Columns[c].Kind;
        return e.Op == QueryOp.Constant && e.Value.Text != null ? ColumnKind.Words : e.Op is QueryOp.Min or QueryOp.Max ? KindOf(e.Left!) : ColumnKind.Count;
    }

    int ColumnOf(string name) => _table.Columns.FindIndex(c => c.Name == name);

    /// <summary>Columns exist; aggregates stand where they may and are numbered.</summary>
    void Check(QueryExpr? e, bool aggregates)
    {
        if (e == null)
            return;
        if (e.Op == QueryOp.Column && ColumnOf(e.Name) < 0)
        {
            if (aggregates && _aliases.TryGetValue(e.Name, out QueryExpr? meant) && !ReferenceEquals(meant, e) && meant != e)
                return;
            throw new QueryException($"query: no column {e.Name}: there are {string.Join(", ", _table.Columns.ConvertAll(c => c.Name))}");
        }
        if (e.IsAggregate)
        {
            if (!aggregates)
                throw new QueryException($"query: {e.Op.ToString().ToLowerInvariant()} can stand behind select and order by only");
            if (!_aggregates.Contains(e))
                _aggregates.Add(e);
            Check(e.Left, false);
            return;
        }
        Check(e.Left, aggregates);
        Check(e.Right, aggregates);
    }

    QueryValue Evaluate(QueryExpr e, int row)
    {
        switch (e.Op)
        {
            case QueryOp.Constant:
                return e.Value;
            case QueryOp.Column:
                int column = ColumnOf(e.Name);
                return column < 0 ? Evaluate(_aliases[e.Name], row) : row < 0 ? default : _table.Columns[column].Value(row);
            case QueryOp.And:
                return QueryValue.Of(Evaluate(e.Left!, row).IsTrue && Evaluate(e.Right!, row).IsTrue);
            case QueryOp.Or:
                return QueryValue.Of(Evaluate(e.Left!, row).IsTrue || Evaluate(e.Right!, row).IsTrue);
            case QueryOp.Not:
                return QueryValue.Of(!Evaluate(e.Left!, row).IsTrue);
            case QueryOp.Negate:
                return N(-Evaluate(e.Left!, row).Number);
        }
        if (e.IsAggregate)
        {
            Sum sum = _group!.Sums[_aggregates.IndexOf(e)];
            return e.Op switch
            {
                QueryOp.Count => N(sum.Count),
                QueryOp.Sum => N(sum.Total),
                QueryOp.Min => sum.Least,
                QueryOp.Max => sum.Most,
                _ => N(sum.Count == 0 ? 0 : sum.Total / sum.Count),
            };
        }
        QueryValue x = Evaluate(e.Left!, row), y = Evaluate(e.Right!, row);
        return e.Op switch
        {
            QueryOp.Equal => QueryValue.Of(x.CompareTo(y) == 0),
            QueryOp.NotEqual => QueryValue.Of(x.CompareTo(y) != 0),
            QueryOp.Less => QueryValue.Of(x.CompareTo(y) < 0),
            QueryOp.LessEqual => QueryValue.Of(x.CompareTo(y) <= 0),
            QueryOp.Greater => QueryValue.Of(x.CompareTo(y) > 0),
            QueryOp.GreaterEqual => QueryValue.Of(x.CompareTo(y) >= 0),
            QueryOp.Like => QueryValue.Of(Like(x.Text ?? "", y.Text ?? "")),
            QueryOp.Add => N(x.Number + y.Number),
            QueryOp.Subtract => N(x.Number - y.Number),
            QueryOp.Multiply => N(x.Number * y.Number),
            QueryOp.Divide => N(y.Number == 0 ? 0 : x.Number / y.Number),
            _ => throw new InvalidOperationException($"query: {e.Op} is no operator"),
        };
    }

    /// <summary>% stands for any text, _ for one character. Linear but for the last %.</summary>
    static bool Like(string s, string pattern)
    {
        int i = 0, p = 0, star = -1, mark = 0;
        while (i < s.Length)
        {
            if (p < pattern.Length && pattern[p] == '%')
            {
                (star, mark) = (p++, i);
            }
            else if (p < pattern.Length && (pattern[p] == '_' || pattern[p] == s[i]))
            {
                i++;
                p++;
            }
            else if (star >= 0)
            {
                p = star + 1;
                i = ++mark;
            }
            else
            {
                return false;
            }
        }
        while (p < pattern.Length && pattern[p] == '%')
            p++;
        return p == pattern.Length;
    }
}
