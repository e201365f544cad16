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

    [DoesNotReturn]
    public static void OutOfMemory(ulong bytes, ulong inUse) => Throw(string.Create(CultureInfo.InvariantCulture,
        $"out of memory: cannot allocate {bytes}-byte block ({inUse} in use)"));

    [DoesNotReturn]
    public static unsafe void BadPointer(nuint pointer, MSpan* span, string why) => Throw(string.Create(CultureInfo.InvariantCulture,
        $"found bad pointer in Go heap (incorrect use of unsafe or cgo?): 0x{pointer:x} {why}{(span == null ? "" : SpanText(span))}"));

    static unsafe string SpanText(MSpan* span) => string.Create(CultureInfo.InvariantCulture,
        $" span.base()=0x{(nuint)span->Base:x} span.limit=0x{(nuint)span->Limit:x} span.state={(int)span->State}");
}
