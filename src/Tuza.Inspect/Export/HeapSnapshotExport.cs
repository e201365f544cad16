// A snapshot in the format of Chrome's DevTools (.heapsnapshot): Memory, Load profile. Types take the place of constructors; variables and
// goroutines hang on the root, as windows do in a browser; the stacks that made objects are the tree of allocations.
//
// Numbers refer to each other by position: an edge names its target by the index of its first number among those of the nodes, texts are indices
// into one table. The file is written as it goes, edges after all nodes, in the nodes' order.

using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Text;
using System.Text.Json;
using Tuza.Abi;

namespace Tuza.Inspect;

public sealed class HeapSnapshotExport
{
    const string Meta = """
        {"node_fields":["type","name","id","self_size","edge_count","trace_node_id","detachedness"],
        "node_types":[["hidden","array","string","object","code","closure","regexp","number","native","synthetic","concatenated string","sliced string","symbol","bigint","object shape"],"string","number","number","number","number","number"],
        "edge_fields":["type","name_or_index","to_node"],
        "edge_types":[["context","element","property","internal","hidden","shortcut","weak"],"string_or_number","node"],
        "trace_function_info_fields":["function_id","name","script_name","script_id","line","column"],
        "trace_node_fields":["id","function_info_index","count","size","children"],
        "sample_fields":["timestamp_us","last_assigned_id"],
        "location_fields":["object_index","script_id","line","column"]}
        """;

    const int NodeFields = 7;
    const int ObjectNode = 3, NativeNode = 8, SyntheticNode = 9;
    const int ElementEdge = 1, PropertyEdge = 2, ShortcutEdge = 5;

    /// <summary>A call in the tree of allocations.</summary>
    sealed class TraceNode(int id, int function)
    {
        public readonly int Id = id, Function = function;
        public long Count, Bytes;
        public readonly SortedDictionary<int, TraceNode> Children = [];
    }

    readonly Snapshot _s;
    readonly HeapGraph _graph;
    readonly TextWriter _out;
    readonly Dictionary<string, int> _strings = new(StringComparer.Ordinal);
    readonly List<string> _stringList = [];
    readonly Dictionary<SnapshotFrame, int> _functions = [];
    readonly TraceNode _traceRoot = new(1, 0);
    readonly TraceNode?[] _traceOf;
    int _traceNodes = 1;

    HeapSnapshotExport(Snapshot s, TextWriter to)
    {
        _s = s;
        _graph = HeapGraph.Of(s);
        _out = to;
        _traceOf = new TraceNode?[s.Stacks.Count];
        _functions[new SnapshotFrame("(root)", "", 0)] = 0;
    }

    public static void Write(Snapshot s, Stream to)
    {
        using StreamWriter w = new(to, new UTF8Encoding(false), 1 << 16, leaveOpen: true) { NewLine = "\n" };
        new HeapSnapshotExport(s, w).WriteAll();
    }

    int Text(string s)
    {
        if (!_strings.TryGetValue(s, out int i))
        {
            _strings[s] = i = _stringList.Count;
            _stringList.Add(s);
        }
        return i;
    }

    void WriteAll()
    {
        Text("");
        for (int i = 0; i < _s.ObjectCount; i++)
            Trace(_s.Stack[i], _s.Bytes[i]);
        _out.Write(FormattableString.Invariant($"{{\"snapshot\":{{\"meta\":{Meta},\"node_count\":{_graph.Count},\"edge_count\":{_graph.To.Length},\"trace_function_count\":{_functions.Count}}},\n\"nodes\":["));
        for (int v = 0; v < _graph.Count; v++)
            Node(v);
        _out.Write("],\n\"edges\":[");
        for (int v = 0, first = 1; v < _graph.Count; v++)
        {
            for (int e = _graph.Start[v]; e < _graph.Start[v + 1]; e++, first = 0)
                Edge(v, e, first == 1);
        }
        _out.Write("],\n\"trace_function_infos\":[");
        SnapshotFrame[] functions = new SnapshotFrame[_functions.Count];
        foreach ((SnapshotFrame f, int i) in _functions)
            functions[i] = f;
        for (int i = 0; i < functions.Length; i++)
        {
            SnapshotFrame f = functions[i];
            // Lines and columns count from 0 there.
            Numbers(i == 0, i, Text(f.Function), Text(f.File), f.File == "" ? 0 : Text(f.File) + 1, Math.Max(0, f.Line - 1), 0);
        }
        _out.Write("],\n\"trace_tree\":[");
        Tree(_traceRoot);
        _out.Write("],\n\"samples\":[],\n\"locations\":[],\n\"strings\":[");
        for (int i = 0; i < _stringList.Count; i++)
        {
            if (i > 0)
                _out.Write(",\n");
            _out.Write(JsonSerializer.Serialize(_stringList[i], ExportJson.Default.String));
        }
        _out.Write("]}\n");
    }

    void Numbers(bool first, params ReadOnlySpan<long> numbers)
    {
        for (int i = 0; i < numbers.Length; i++)
        {
            if (i > 0 || !first)
                _out.Write(',');
            _out.Write(numbers[i]);
        }
        _out.Write('\n');
    }

    // ---- nodes and edges

    void Node(int v)
    {
        int edges = _graph.Start[v + 1] - _graph.Start[v];
        if (v < _graph.FirstObject)
        {
            bool known = v > 0 && v - 1 < _s.Roots.Count;
            string name = v == 0 ? "" : !known ? "(no root reaches it)" : _s.Roots[v - 1].IsGoroutine ? _s.Roots[v - 1].Name : "variable " + _s.Roots[v - 1].Name;
            Numbers(v == 0, known ? NativeNode : SyntheticNode, Text(name), 2L * v + 1, 0, edges, 0, 0);
            return;
        }
        int o = v - _graph.FirstObject;
        // DevTools gives arrays the name of what refers to them, and all closures one: as objects everything has the name of its type.
        Numbers(false, ObjectNode, Text(_s.TypeName(o)), 2L * v + 1, _s.Bytes[o], edges, _traceOf[_s.Stack[o]]?.Id ?? 0, 0);
    }

    void Edge(int v, int e, bool first)
    {
        long to = (long)_graph.To[e] * NodeFields;
        int at = e - _graph.Start[v];
        if (v == 0)
        {
            Numbers(first, at < _s.Roots.Count ? ShortcutEdge : ElementEdge, at < _s.Roots.Count ? Text(_s.Roots[at].Name) : at, to);
        }
        else if (v < _graph.FirstObject)
        {
            string where = v - 1 < _s.Roots.Count ? _s.Roots[v - 1].Refs[at].Where : "";
            Numbers(first, where == "" ? ElementEdge : PropertyEdge, where == "" ? at : Text(where), to);
        }
        else
        {
            int o = v - _graph.FirstObject;
            (long element, string field) = FieldNames.Of(_s, o, _s.EdgeOffset[_s.EdgeStart[o] + at]);
            if (field == "")
                Numbers(first, ElementEdge, element < 0 ? _s.EdgeOffset[_s.EdgeStart[o] + at] / HeapConsts.PtrBytes : element, to);
            else
                Numbers(first, PropertyEdge, Text(element < 0 ? field : $"[{element.ToString(CultureInfo.InvariantCulture)}].{field}"), to);
        }
    }

    // ---- where objects were made

    void Trace(int stack, long bytes)
    {
        TraceNode node = _traceOf[stack] ??= NodeOf(_s.Stacks[stack]);
        node.Count++;
        node.Bytes += bytes;
    }

    TraceNode NodeOf(SnapshotFrame[] frames)
    {
        TraceNode node = _traceRoot;
        for (int i = frames.Length - 1; i >= 0; i--)
        {
            if (!_functions.TryGetValue(frames[i], out int function))
                _functions[frames[i]] = function = _functions.Count;
            if (!node.Children.TryGetValue(function, out TraceNode? next))
                node.Children[function] = next = new TraceNode(++_traceNodes, function);
            node = next;
        }
        return node;
    }

    void Tree(TraceNode node)
    {
        _out.Write(FormattableString.Invariant($"{node.Id},{node.Function},{node.Count},{node.Bytes},["));
        bool first = true;
        foreach (TraceNode child in node.Children.Values)
        {
            if (!first)
                _out.Write(',');
            first = false;
            Tree(child);
        }
        _out.Write(']');
    }
}

/// <summary>How texts are written: everything but ASCII escaped.</summary>
[System.Text.Json.Serialization.JsonSerializable(typeof(string))]
sealed partial class ExportJson : System.Text.Json.Serialization.JsonSerializerContext;
