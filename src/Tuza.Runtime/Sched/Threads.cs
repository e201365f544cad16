// Threads of the runtime. Each has a big native stack (address space only; the system commits what is touched), because Go recursion uses
// native frames too. A thread without a P sleeps on its M's note.

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Threading;

using Tuza.Abi;

namespace Tuza.Runtime;

/// <summary>Making, binding, starting Ms.</summary>
public static unsafe class Threads
{
    /// <summary>Native stack of the thread that starts with main; other threads have a quarter.</summary>
    public const int MainStackBytes = 1 << 30;
    const int OtherStackBytes = MainStackBytes / 4;

    /// <summary>What is left for the runtime's own C# code when Go code may not go deeper.</summary>
    internal const int NativeReserveBytes = 1 << 20;

    [System.ThreadStatic]
    static M* s_m;

    static int s_count;

    /// <summary>`SetMaxThreads`.</summary>
    public static long Max { get; set; } = 10000;

    public static int Count => s_count;

    /// <summary>The M of the calling thread, or null.</summary>
    public static M* Current
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => s_m;
    }

    /// <summary>The goroutine that runs on the calling thread, or null.</summary>
    public static G* CurrentG() => s_m == null ? null : s_m->CurG;

    public static M* NewM()
    {
        M* m = (M*)NativeMemory.AlignedAlloc((nuint)(sizeof(M) + 63) & ~(nuint)63, 64);
        new System.Span<byte>(m, sizeof(M)).Clear();
        m->Id = Interlocked.Increment(ref s_count) - 1;
        if (s_count > Max)
        {
            Print.Text("runtime: program exceeds ");
            Print.Int(Max);
            Print.Text("-thread limit\n");
            Throw.Fatal("thread exhaustion");
        }
        return m;
    }

    /// <summary>The calling thread is this M from now on: learns how deep its native stack may go.</summary>
    public static void Bind(M* m)
    {
        s_m = m;
        (nuint lo, nuint hi) = NativeStack.Bounds();
        nuint here = (nuint)(&m);
        // Without knowledge of the bounds: assume the smallest thread stack of the system.
        m->NativeLimit = lo != 0 && lo < here && here <= hi ? lo + NativeReserveBytes : here - (4 << 20);
        if (here < m->NativeLimit + NativeReserveBytes)
            m->NativeLimit = here - (512 << 10);
    }

    /// <summary>Runs <paramref name="body"/> on a new thread with the main stack and waits for it.</summary>
    public static void RunOnBigStack(System.Action body)
    {
        var thread = new Thread(() => body(), MainStackBytes) { Name = "go main" };
        thread.Start();
        Signals.AwaitQuit();
        thread.Join();
    }

    /// <summary>Starts the thread of an M that has its first P in NextP.</summary>
    internal static void Start(M* m)
    {
        nint address = (nint)m;
        new Thread(() =>
        {
            Bind((M*)address);
            Sched.ThreadMain((M*)address);
        }, OtherStackBytes)
        { IsBackground = true, Name = "go" }.Start();
    }
}
