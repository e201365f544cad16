// Threads of the runtime. Each has a big native stack (address space only; the system commits what is touched), because Go recursion uses
// native frames too. A thread without the P sleeps on its own event until the P is granted to it.

using System.Runtime.InteropServices;
using System.Threading;

using Tuza.Abi;

namespace Tuza.Runtime;

/// <summary>Making, binding, waking Ms.</summary>
public static unsafe class Threads
{
    /// <summary>Native stack of the thread that starts with main; other threads have a quarter.</summary>
    public const int MainStackBytes = 1 << 30;
    const int OtherStackBytes = MainStackBytes / 4;

    /// <summary>What is left for the runtime's own C# code when Go code may not go deeper.</summary>
    const int NativeReserveBytes = 1 << 20;

    static readonly Lock s_lock = new();
    static AutoResetEvent[] s_events = new AutoResetEvent[16];
    static M* s_idle;
    static int s_count;

    public static int Count => s_count;

    /// <summary>The goroutine that runs, or null.</summary>
    public static G* CurrentG()
    {
        P* p = Sched.CurrentP;
        return p == null || p->M == null ? null : p->M->CurG;
    }

    public static M* NewM()
    {
        lock (s_lock)
        {
            M* m = (M*)NativeMemory.AllocZeroed((nuint)sizeof(M));
            m->Id = s_count++;
            if (m->Id == s_events.Length)
                System.Array.Resize(ref s_events, s_count * 2);
            s_events[m->Id] = new AutoResetEvent(false);
            return m;
        }
    }

    /// <summary>Learns how deep this thread's native stack may go.</summary>
    public static void Bind(M* m)
    {
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
        thread.Join();
    }

    public static M* IdleOrNew()
    {
        lock (s_lock)
        {
            M* m = s_idle;
            if (m != null)
            {
                s_idle = m->IdleLink;
                m->IdleLink = null;
                return m;
            }
        }
        M* fresh = NewM();
        var thread = new Thread(() =>
        {
            Bind(fresh);
            Sched.ThreadMain(fresh);
        }, OtherStackBytes)
        { IsBackground = true, Name = "go" };
        thread.Start();
        return fresh;
    }

    /// <summary>Gives the P to a thread that waits (or will wait) in <see cref="WaitForGrant"/>.</summary>
    public static void Grant(M* m, P* p)
    {
        Volatile.Write(ref *(nint*)&m->GrantedP, (nint)p);
        s_events[m->Id].Set();
    }

    /// <summary>Sleeps until the P is granted. A thread without a goroutine of its own can be picked by <see cref="IdleOrNew"/>.</summary>
    public static void WaitForGrant(M* m)
    {
        if (m->CurG == null && m->GrantedP == null)
            lock (s_lock)
            {
                bool listed = false;
                for (M* i = s_idle; i != null; i = i->IdleLink)
                    listed |= i == m;
                if (!listed)
                {
                    m->IdleLink = s_idle;
                    s_idle = m;
                }
            }
        while (Volatile.Read(ref *(nint*)&m->GrantedP) == 0)
            s_events[m->Id].WaitOne();
        m->P = m->GrantedP;
        m->GrantedP = null;
        m->P->M = m;
        Volatile.Write(ref m->P->Status, 1);
    }
}
