// From Go signatures to flattened ones (docs/ARCHITECTURE.md, section 2).
//
// Order of the IL parameters behind G* and ctx: one pointer per memory result, then the parameters flattened in order, receiver first; a
// memory parameter is one pointer to the callee's copy. Results: the scalars of all scalar results in order.

using System.Collections.Generic;
using Tuza.Abi;
using Tuza.Types;

namespace Tuza.IR;

/// <summary>A flattened signature.</summary>
public sealed class CallShape
{
    public List<LowType> Params { get; } = [];
    public List<LowType> Results { get; } = [];
    /// <summary>For each parameter whether it is tracked by the collector (parallel to Params).</summary>
    public List<bool> ParamTracked { get; } = [];
    public List<bool> ResultTracked { get; } = [];
    /// <summary>Number of leading hidden result pointers in Params.</summary>
    public int HiddenResults { get; internal set; }

    /// <summary>Types in letters, usable as a key: `parameters:results`.</summary>
    public string Key
    {
        get
        {
            var s = new System.Text.StringBuilder();
            foreach (var p in Params)
                s.Append(Letter(p));
            s.Append(':');
            foreach (var r in Results)
                s.Append(Letter(r));
            return s.ToString();
        }
    }

    static char Letter(LowType t) => "aAbBwWiugfp"[(int)t];
}

public static class CallConv
{
    /// <summary>The shape of a declared function; Params of a Function include the receiver.</summary>
    public static CallShape Of(Function f)
    {
        var types = new List<GoType>(f.Params.Count);
        foreach (var p in f.Params)
            types.Add(p.Type);
        var results = new List<GoType>(f.Results.Count);
        foreach (var r in f.Results)
            results.Add(r.Type);
        if (types.Count == 0 && results.Count == 0)
            return Of(f.Sig);
        return Of(types, results);
    }

    /// <summary>The shape of a func value of this type. <paramref name="receiver"/>: type of a leading receiver, for methods.</summary>
    public static CallShape Of(Signature sig, GoType? receiver = null)
    {
        var types = new List<GoType>(sig.Params.Count + 1);
        if (receiver != null)
            types.Add(receiver);
        foreach (var p in sig.Params.Vars)
            types.Add(p.Type);
        var results = new List<GoType>(sig.Results.Count);
        foreach (var r in sig.Results.Vars)
            results.Add(r.Type);
        return Of(types, results);
    }

    /// <summary>An interface method or itab entry: the receiver is the data word.</summary>
    public static CallShape OfMethodEntry(Signature sig) => Of(sig, Universe.UnsafePointer);

    public static CallShape Of(List<GoType> parameters, List<GoType> results)
    {
        var shape = new CallShape();
        foreach (var r in results)
            if (Flatten.IsMemory(r))
            {
                shape.Params.Add(LowType.Ptr);
                shape.ParamTracked.Add(true);
                shape.HiddenResults++;
            }
        foreach (var p in parameters)
            Add(p, shape.Params, shape.ParamTracked);
        foreach (var r in results)
            if (!Flatten.IsMemory(r))
                Add(r, shape.Results, shape.ResultTracked);
        return shape;
    }

    static void Add(GoType type, List<LowType> types, List<bool> tracked)
    {
        var f = Flatten.Of(type);
        if (f.IsMemory)
        {
            types.Add(LowType.Ptr);
            tracked.Add(true);
            return;
        }
        foreach (var s in f.Scalars)
        {
            types.Add(s.Type);
            tracked.Add(s.Tracked);
        }
    }

    /// <summary>Machine type of a letter of <see cref="RuntimeFn"/>.</summary>
    public static LowType OfLetter(char letter) => letter switch
    {
        'p' => LowType.Ptr,
        'i' => LowType.I64,
        'u' => LowType.U64,
        'w' => LowType.I32,
        'b' => LowType.U8,
        'f' => LowType.F64,
        'g' => LowType.F32,
        _ => throw new System.InvalidOperationException($"CallConv: letter {letter}"),
    };

    public static CallShape Of(RuntimeSig sig)
    {
        var shape = new CallShape();
        foreach (char c in sig.Params)
        {
            shape.Params.Add(OfLetter(c));
            shape.ParamTracked.Add(c == 'p');
        }
        foreach (char c in sig.Results)
        {
            shape.Results.Add(OfLetter(c));
            shape.ResultTracked.Add(c == 'p');
        }
        return shape;
    }
}
