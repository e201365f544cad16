// Goroutine stacks: contiguous, growing down, grown by copying to twice the size.
//
// Guard. A prologue goes the slow way (MoreStack) when its new frame would begin below g->Guard. The true limit is StackGuard, RedZoneBytes above
// the low end, the red zone: leaf functions push their last frame for a traceback there without a check, and functions with a frame keep
// their locals there while a full barrier buffer is emptied. Guard is kept at most GuardStepBytes below the frame of the last slow path, so
// that a deep recursion passes here now and then and the depth of the native stack can be checked. Guard at the top of the address space
// means that somebody wants attention (preemption, collection).
//
// Native depth. When the native stack is short, the whole call chain is unwound into its Go frames and goes on with an empty native stack.
//
// Limits and texts are Go's: a stack beyond MaxBytes is the fatal error "stack overflow".

using System;
using System.Diagnostics;
using System.Runtime.CompilerServices;

using Tuza.Abi;

namespace Tuza.Runtime;

/// <summary>Growing, moving and measuring stacks.</summary>
public static unsafe class Stacks
{
    public const int MinBytes = 2048;
    public const int RedZoneBytes = 256;
    const long GuardStepBytes = 64 << 10;
    const long StressBytes = 32 << 10;

    /// <summary>Size of the stack of a new goroutine.</summary>
    public static int StartingBytes { get; set; } = MinBytes;

    /// <summary>`maxstacksize`; SetMaxStack changes it.</summary>
    public static long MaxBytes { get; set; } = 1_000_000_000;

    static long MaxCeiling => Math.Max(2 * 1_000_000_000L, MaxBytes);

    public static void Attach(G* g, long bytes)
    {
        byte* lo = StackAlloc.Alloc(bytes);
        g->StackLo = lo;
        g->StackHi = lo + bytes;
    }

    /// <summary>A dead goroutine keeps a stack of the starting size only.</summary>
    public static void Release(G* g)
    {
        if (g->StackHi - g->StackLo != StartingBytes)
            Detach(g);
    }

    public static void Detach(G* g)
    {
        StackAlloc.Free(g->StackLo, g->StackHi - g->StackLo);
        g->StackLo = g->StackHi = null;
    }

    /// <summary>Sets Guard for the frame at Sp.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ResetGuard(G* g) => ResetGuard(g, g->Sp);

    static void ResetGuard(G* g, byte* sp)
    {
        byte* guard = g->StackGuard;
        if (sp - guard > GuardStepBytes)
            guard = sp - GuardStepBytes;
        if (DebugFlags.SlowPrologues || Sched.State(g)->PanicOnFault != 0)
            guard = (byte*)nuint.MaxValue;
        g->Guard = guard;
    }

    /// <summary>
    /// Slow path of a prologue that needs <paramref name="frameBytes"/> below g->Sp; pointer parameters are in g->Args. On return either
    /// Unwinding is 0 and there is room, or Sp is null, and UnwindFp (= SavedSp) is the base of the frame which the
    /// prologue must now fill in as at its entry site before it returns.
    /// </summary>
    [GoFunc("runtime.morestack", Parks = true)]
    public static void MoreStack(G* g, int frameBytes)
    {
        GState* gs = Sched.State(g);
        if (gs->Status == GStatus.Syscall)
        {
            // No P here: nothing can be done but go on. EnterSyscall has made room.
            if (g->Sp - frameBytes < g->StackGuard)
                Throw.Fatal("stack growth in a system call");
            g->Guard = g->StackGuard;
            g->ArgCount = 0;
            return;
        }
        g->Preempt = 0;
        if (gs->Locks == 0)
            Sched.Attend(g);
        byte* wanted = g->Sp - frameBytes;
        if (wanted < g->StackGuard)
            Grow(g, frameBytes);
        else if (DebugFlags.StackStress && --gs->MovePause < 0)
            MoveForStress(g, gs);
        wanted = g->Sp - frameBytes;
        ResetGuard(g, wanted);
        g->ArgCount = 0;
        if (gs->Locks != 0)
            return;
        if (gs->PreemptWanted != 0)
        {
            gs->PreemptWanted = 0;
            if (Sched.HasWork(Sched.POf(g)))
            {
                UnwindEntry(g, wanted, ParkKind.Yield);
                return;
            }
        }
        if (DebugFlags.PreemptStress)
        {
            UnwindEntry(g, wanted, ParkKind.Yield);
            return;
        }
        M* m = (M*)g->M;
        byte here;
        if ((nuint)(&here) < m->NativeLimit || gs->PanicOnFault != 0 || DebugFlags.UnwindStress && Rand.Next32() % 8 == 0)
            UnwindEntry(g, wanted, ParkKind.Continue);
    }

    /// <summary>A stack of usual size moves in every prologue, a large one more rarely: else deep recursions would take for ever.</summary>
    static void MoveForStress(G* g, GState* gs)
    {
        Move(g, g->StackHi - g->StackLo);
        gs->MovePause = (int)((g->StackHi - g->StackLo) / StressBytes);
    }

    /// <summary>In a prologue, before <see cref="MoreStack"/>: so many bytes below g->Sp will be there.</summary>
    [GoFunc("runtime.stackroom", Parks = true)]
    public static void StackRoom(G* g, int bytes)
    {
        if (g->Sp - bytes < g->StackGuard)
            Grow(g, bytes);
    }

    /// <summary>The stack of the running goroutine, called from a primitive: that much below its caller's frame.</summary>
    public static void EnsureRoom(G* g, int bytes) => Grow(g, bytes);

    static void UnwindEntry(G* g, byte* frame, ParkKind kind)
    {
        Sched.State(g)->ParkKind = kind;
        g->SavedSp = g->UnwindFp = frame;
        g->Sp = null;
        g->Unwinding = UnwindReason.Park;
    }

    static void Grow(G* g, long frameBytes)
    {
        long old = g->StackHi - g->StackLo;
        long used = g->StackHi - g->Sp;
        long size = old * 2;
        while (size - used < frameBytes + RedZoneBytes)
            size *= 2;
        if (size > MaxBytes || size > MaxCeiling)
        {
            Print.Begin();
            Print.Text("runtime: goroutine stack exceeds ");
            Print.Int(Math.Min(MaxBytes, MaxCeiling));
            Print.Text("-byte limit\nruntime: sp=");
            Print.Hex((ulong)g->Sp);
            Print.Text(" stack=[");
            Print.Hex((ulong)g->StackLo);
            Print.Text(", ");
            Print.Hex((ulong)g->StackHi);
            Print.Text("]\n");
            Print.End();
            Throw.Fatal("stack overflow");
        }
        StackStats.Grow(g, used);
        Move(g, size);
    }

    /// <summary>
    /// Halves the stack of a goroutine without native frames when less than a quarter is in use. Beside the program the caller holds its ScanLock, so it does
    /// not run; but who finds it in a channel's queue copies to or from its stack, under the channel's lock.
    /// </summary>
    public static void Shrink(G* g, bool beside)
    {
        long size = g->StackHi - g->StackLo;
        long used = g->StackHi - g->Sp;
        if (DebugFlags.ShrinkStackOff || size / 2 < MinBytes || used + RedZoneBytes >= size / 4)
            return;
        StackStats.Shrink(used);
        if (beside)
            Sudog.LockChannels(Sched.State(g)->Waiting);
        Move(g, size / 2);
        if (beside)
            Sudog.UnlockChannels(Sched.State(g)->Waiting);
    }

    /// <summary>Copies the used part to a new stack and adjusts every pointer into the old one.</summary>
    static void Move(G* g, long bytes)
    {
        byte* oldLo = g->StackLo, oldHi = g->StackHi;
        long used = oldHi - g->Sp;
        Debug.Assert(used + RedZoneBytes <= bytes);
        byte* lo = StackAlloc.Alloc(bytes);
        byte* hi = lo + bytes;
        Buffer.MemoryCopy(g->Sp, hi - used, used, used);
        var move = new StackMove(oldLo, oldHi, hi - oldHi);
        g->Sp += move.Delta;
        g->StackLo = lo;
        g->StackHi = hi;
        g->StackGuard = lo + RedZoneBytes;
        FrameWalk.Adjust(g, in move);
        if (DebugFlags.StackPoison)
            new Span<byte>(oldLo, (int)Math.Min(oldHi - oldLo, int.MaxValue)).Fill(0xdb);
        StackAlloc.Free(oldLo, oldHi - oldLo);
        ResetGuard(g);
    }
}

/// <summary>A move of one stack: what was in [Lo, Hi) is now Delta bytes further.</summary>
public readonly unsafe struct StackMove(byte* lo, byte* hi, long delta)
{
    public byte* Lo { get; } = lo;
    public byte* Hi { get; } = hi;
    public long Delta { get; } = delta;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Fix(byte** slot)
    {
        if (*slot >= Lo && *slot < Hi)
            *slot += Delta;
    }

    /// <summary>As <see cref="Fix"/>, but the one-past-the-end address belongs to the stack too.</summary>
    public void FixInclusive(byte** slot)
    {
        if (*slot >= Lo && *slot <= Hi)
            *slot += Delta;
    }
}
