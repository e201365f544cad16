// Broken invariants end the process through the world; nothing here returns or allocates on the way there except the message.

using System;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Tuza.Memory;

/// <summary>Ways to end when the memory system cannot go on.</summary>
public static class Fatal
{
    [DoesNotReturn]
    public static void Throw(string message)
    {
        World.Current?.Fatal(message);
        throw new InvalidOperationException("fatal error: " + message);
    }

    /// <summary>The heap cannot grow.</summary>
    [DoesNotReturn]
    public static void OutOfMemory(ulong bytes, ulong inUse)
    {
        World.Current?.Explain(string.Create(CultureInfo.InvariantCulture, $"runtime: out of memory: cannot allocate {bytes}-byte block ({inUse} in use)\n"));
        Throw("out of memory");
    }

    /// <summary>The system refuses memory for the heap's own books.</summary>
    [DoesNotReturn]
    public static void NoSystemMemory() => Throw("runtime: cannot allocate memory");

    /// <summary>The system refuses pages for address space that it has given before.</summary>
    [DoesNotReturn]
    public static void NoPages() => Throw("runtime: out of memory");

    [DoesNotReturn]
    public static unsafe void BadPointer(nuint pointer, MSpan* span, string why) => Throw(string.Create(CultureInfo.InvariantCulture,
        $"found bad pointer in Go heap (incorrect use of unsafe or cgo?): 0x{pointer:x} {why}{(span == null ? "" : SpanText(span))}"));

    static unsafe string SpanText(MSpan* span) => string.Create(CultureInfo.InvariantCulture,
        $" span.base()=0x{(nuint)span->Base:x} span.limit=0x{(nuint)span->Limit:x} span.state={(int)span->State}");
}
