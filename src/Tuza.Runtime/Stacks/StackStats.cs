// What growing stacks costs: how often, how many bytes were copied, and below which functions it happened (TUZADEBUG=stackstats=1 prints it at exit).
//
// And the adaptive start: after each collection the average of what live goroutines use decides how big the stack of a reused goroutine
// is at first, so that goroutines of one kind do not all grow again and again. A goroutine that never was starts with MinBytes.

using System;
using System.Collections.Generic;
using System.Numerics;
using System.Threading;

using Tuza.Abi;

namespace Tuza.Runtime;

/// <summary>Counters of stacks.</summary>
public static unsafe class StackStats
{
    /// <summary>What a stack must have beside the frames, in Go's computation of the average.</summary>
    const int GuardBytes = 928;

    /// <summary>
    /// Go's collector, sweeper, scavenger and finalizer are goroutines with small stacks and count in the average. Here they are threads or start late; without
    /// them a program with one goroutine of a big frame (main) would let all others start with stacks of that size.
    /// </summary>
    const int ServiceStacks = 4, ServiceBytes = 256;
    const int Shown = 10;

    static long s_grown, s_shrunk, s_copiedBytes;
    static long s_scannedBytes, s_scannedStacks;

    // In a class of their own: only wanted with the debug switch.
    static class Functions
    {
        internal static readonly Dictionary<uint, (long Count, long Bytes)> All = [];
    }

    public static long Grown => Volatile.Read(ref s_grown);

    public static long Shrunk => Volatile.Read(ref s_shrunk);

    public static long CopiedBytes => Volatile.Read(ref s_copiedBytes);

    /// <summary>A stack is about to be copied to a bigger one; g->Sp is the frame of the function whose callee does not fit.</summary>
    internal static void Grow(G* g, long used)
    {
        Interlocked.Increment(ref s_grown);
        Interlocked.Add(ref s_copiedBytes, used);
        if (!DebugFlags.StackStats)
            return;
        uint func = g->Sp == g->StackHi ? 0 : (uint)(*(ulong*)g->Sp >> 32);
        lock (Functions.All)
        {
            (long count, long bytes) = Functions.All.GetValueOrDefault(func);
            Functions.All[func] = (count + 1, bytes + used);
        }
    }

    internal static void Shrink(long used)
    {
        Interlocked.Increment(ref s_shrunk);
        Interlocked.Add(ref s_copiedBytes, used);
    }

    /// <summary>The collector has scanned a stack of which that much is in use.</summary>
    internal static void Scanned(long used)
    {
        Interlocked.Add(ref s_scannedBytes, used);
        Interlocked.Increment(ref s_scannedStacks);
    }

    /// <summary>Marking is over: the starting size follows the average of the stacks scanned.</summary>
    internal static void AdaptStart()
    {
        long bytes = Interlocked.Exchange(ref s_scannedBytes, 0), stacks = Interlocked.Exchange(ref s_scannedStacks, 0);
        if (!DebugFlags.AdaptiveStackStart)
            return;
        long average = (bytes + ServiceStacks * ServiceBytes) / (stacks + ServiceStacks) + GuardBytes;
        long size = Math.Clamp((long)BitOperations.RoundUpToPowerOf2((ulong)average), Stacks.MinBytes, 1 << 20);
        Stacks.StartingBytes = (int)size;
    }

    /// <summary>At exit, if asked for.</summary>
    internal static void Print()
    {
        if (!DebugFlags.StackStats)
            return;
        Runtime.Print.Begin();
        Runtime.Print.Text("stacks: ");
        Runtime.Print.Int(s_grown);
        Runtime.Print.Text(" grown, ");
        Runtime.Print.Int(s_shrunk);
        Runtime.Print.Text(" shrunk, ");
        Runtime.Print.Int(s_copiedBytes);
        Runtime.Print.Text(" bytes copied\n");
        lock (Functions.All)
        {
            var list = new List<KeyValuePair<uint, (long Count, long Bytes)>>(Functions.All);
            list.Sort((a, b) => b.Value.Count.CompareTo(a.Value.Count));
            for (int i = 0; i < Math.Min(Shown, list.Count); i++)
            {
                Runtime.Print.Text("\t");
                Runtime.Print.Int(list[i].Value.Count);
                Runtime.Print.Text(" times, ");
                Runtime.Print.Int(list[i].Value.Bytes);
                Runtime.Print.Text(" bytes: below ");
                FuncDesc* f = list[i].Key == 0 ? null : Pcs.Get(list[i].Key);
                if (f == null)
                    Runtime.Print.Text("the first function");
                else
                    Runtime.Print.Bytes(f->Name, f->NameLength);
                Runtime.Print.Text("\n");
            }
        }
        Runtime.Print.End();
    }
}
