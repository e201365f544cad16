// Code words by number: TextOff of method tables, equality and hash functions of descriptors.
//
// Each image registers how many functions it may be asked for; a number is resolved to native code when first wanted, so that full method
// tables cost nothing at start-up.

using System;
using System.Collections.Generic;
using System.Threading;

namespace Tuza.Runtime;

/// <summary>Numbers for functions that are called through tables. 0 is "none".</summary>
public static unsafe class CodeTable
{
    static readonly Lock s_lock = new();
    sealed record Range(int First, int Count, Func<int, nint> Resolve);

    static readonly List<Range> s_images = [];
    static nint[] s_code = new nint[1024];
    static int s_next = 1;

    /// <summary>Reserves <paramref name="count"/> numbers; returns the first. <paramref name="resolve"/> gets the index within the image.</summary>
    public static int Register(int count, Func<int, nint> resolve)
    {
        lock (s_lock)
        {
            int first = s_next;
            s_images.Add(new Range(first, count, resolve));
            s_next += count;
            if (s_next > s_code.Length)
            {
                nint[] larger = new nint[Math.Max(s_next, s_code.Length * 2)]; // Array.Resize of this would have to be compiled at the start
                Array.Copy(s_code, larger, s_code.Length);
                s_code = larger;
            }
            return first;
        }
    }

    /// <summary>The native code of function number <paramref name="id"/>.</summary>
    public static void* Resolve(int id)
    {
        nint code = Volatile.Read(ref s_code[id]);
        return (void*)(code != 0 ? code : ResolveSlow(id));
    }

    static nint ResolveSlow(int id)
    {
        lock (s_lock)
        {
            if (s_code[id] != 0)
                return s_code[id];
            int lo = 0, hi = s_images.Count - 1;
            while (lo < hi)
            {
                int mid = (lo + hi + 1) / 2;
                if (s_images[mid].First <= id)
                    lo = mid;
                else
                    hi = mid - 1;
            }
            Range range = s_images[lo];
            if (id < range.First || id >= range.First + range.Count)
                throw new InvalidOperationException($"no code numbered {id}");
            nint code = range.Resolve(id - range.First);
            Volatile.Write(ref s_code[id], code);
            return code;
        }
    }
}
