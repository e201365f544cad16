// Locks of the scheduler's structures: one word, a few instructions when free. Sections are short and never park, allocate in the heap or
// come to a safepoint inside; so a waiter spins, then lets other threads run, then sleeps a little.
//
// A lock may be left to another method to release (a parking goroutine's channel lock is released when its native frames are gone).
// Order: channel locks by address; then a timer heap; then semaphore, notify and poll locks; then the scheduler's lock; then lists of free things.

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using System.Threading;

using Tuza.Memory;

namespace Tuza.Runtime;

/// <summary>A spin lock of four bytes; zero is free.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct Lock32
{
    const int ActiveSpins = 8, PausesPerSpin = 12, Yields = 20;

    int _held;

    public readonly bool IsHeld => _held != 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Enter()
    {
        if (Interlocked.CompareExchange(ref _held, 1, 0) != 0)
            EnterSlow();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryEnter() => _held == 0 && Interlocked.CompareExchange(ref _held, 1, 0) == 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Exit() => Volatile.Write(ref _held, 0);

    [MethodImpl(MethodImplOptions.NoInlining)]
    void EnterSlow()
    {
        for (int i = 0; ; i++)
        {
            if (Volatile.Read(ref _held) == 0 && Interlocked.CompareExchange(ref _held, 1, 0) == 0)
                return;
            if (i < ActiveSpins)
                Futex.Pause(PausesPerSpin);
            else if (i < ActiveSpins + Yields)
                _ = Futex.Yield();
            else
                KernelMemory.Nap(50);
        }
    }
}

/// <summary>Sleeping on a word.</summary>
static unsafe partial class Futex
{
    const int SysFutex = 202, WaitPrivate = 128, WakePrivate = 129;

    [LibraryImport(KernelMemory.CLibrary, EntryPoint = "syscall")]
    private static partial long Call(long number, int* word, nint op, nint value, long* timeout, nint unused2, nint unused3);

    [LibraryImport(KernelMemory.CLibrary, EntryPoint = "sched_yield")]
    internal static partial int Yield();

    /// <summary>Sleeps while the word has this value, at most that long (negative: for ever). May return for no reason.</summary>
    public static void Wait(int* word, int value, long nanos = -1)
    {
        long* t = stackalloc long[2];
        t[0] = nanos / 1_000_000_000;
        t[1] = nanos % 1_000_000_000;
        _ = Call(SysFutex, word, WaitPrivate, value, nanos < 0 ? null : t, 0, 0);
    }

    public static void Wake(int* word, int count = 1) => _ = Call(SysFutex, word, WakePrivate, count, null, 0, 0);

    public static void Pause(int n)
    {
        for (int i = 0; i < n; i++)
            X86Base.Pause();
    }

    // ---- notes: 0 clear, 1 set; one sleeper

    public static void NoteWake(int* note)
    {
        Volatile.Write(ref *note, 1);
        Wake(note);
    }

    public static void NoteSleep(int* note)
    {
        while (Volatile.Read(ref *note) == 0)
            Wait(note, 0);
        Volatile.Write(ref *note, 0);
    }

    /// <summary>True if the note was set in time.</summary>
    public static bool NoteSleep(int* note, long nanos)
    {
        if (Volatile.Read(ref *note) == 0)
            Wait(note, 0, nanos);
        if (Volatile.Read(ref *note) == 0)
            return false;
        Volatile.Write(ref *note, 0);
        return true;
    }
}
