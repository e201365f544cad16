// How a function's flattened call relates to an argument frame in memory (receiver word, arguments, then 8-aligned results): what reflection needs to
// call it. The run-time side is Runtime/Std/CallLayout.cs.
//
// Items in the order of the native parameters behind ctx, then '>', then the scalars of the results. An item is a letter and a byte offset:
// M address of a result in memory, m address of an argument in memory, else a scalar:
// a b c d e f g: integers of 1, 1u, 2, 2u, 4, 4u, 8 bytes; h float32; k float64; p pointer.

using System.Globalization;
using System.Text;

using Tuza.IR;
using Tuza.Types;

namespace Tuza.Emit;

static class CallLayoutText
{
    public static string Of(LowFunction f)
    {
        if (f.Tree == null)
            return "";
        var parameters = new StringBuilder();
        var hidden = new StringBuilder();
        var results = new StringBuilder();
        long at = 0;
        foreach (var p in f.Tree.Params)
            at = Add(parameters, 'm', p.Type, at);
        at = Align(at, 8);
        foreach (var r in f.Tree.Results)
            at = Flatten.IsMemory(r.Type) ? Add(hidden, 'M', r.Type, at) : Add(results, 'M', r.Type, at);
        return $"{hidden}{parameters}>{results}";
    }

    /// <summary>Returns the offset behind the value.</summary>
    static long Add(StringBuilder text, char memory, GoType type, long at)
    {
        var flat = Flatten.Of(type);
        at = Align(at, flat.Align);
        if (flat.IsMemory)
            text.Append(memory).Append(CultureInfo.InvariantCulture, $"{at}");
        else
            foreach (var s in flat.Scalars)
                text.Append(Letter(s.Type)).Append(CultureInfo.InvariantCulture, $"{at + s.Offset}");
        return at + flat.Size;
    }

    static long Align(long n, int align) => align <= 1 ? n : (n + align - 1) / align * align;

    static char Letter(LowType t) => t switch
    {
        LowType.I8 => 'a',
        LowType.U8 => 'b',
        LowType.I16 => 'c',
        LowType.U16 => 'd',
        LowType.I32 => 'e',
        LowType.U32 => 'f',
        LowType.I64 or LowType.U64 => 'g',
        LowType.F32 => 'h',
        LowType.F64 => 'k',
        LowType.Ptr => 'p',
    };
}
