// Small hooks of sync, internal/sync, sync/atomic, internal/runtime/*: pinning, spinning, fatal errors.

using Tuza.Abi;

namespace Tuza.Runtime;

/// <summary>Pins, spins, fatals.</summary>
public static unsafe class SyncHooks
{
    [GoFunc("sync.runtime_procPin", Safepoint = false)]
    [GoFunc("sync/atomic.runtime_procPin", Safepoint = false)]
    [GoFunc("runtime.procPin", Safepoint = false)]
    public static long ProcPin(G* g)
    {
        Sched.State(g)->Locks++;
        return Sched.POf(g)->Id;
    }

    [GoFunc("sync.runtime_procUnpin", Safepoint = false)]
    [GoFunc("sync/atomic.runtime_procUnpin", Safepoint = false)]
    [GoFunc("runtime.procUnpin", Safepoint = false)]
    public static void ProcUnpin(G* g) => Sched.State(g)->Locks--;

    const int ActiveSpins = 4, PausesPerSpin = 30;

    /// <summary>Spinning helps only while another P runs, and nothing else waits here.</summary>
    [GoFunc("internal/sync.runtime_canSpin", Safepoint = false)]
    public static int CanSpin(G* g, long i) => i < ActiveSpins && Sched.OthersRun(Sched.POf(g)) ? 1 : 0;

    [GoFunc("internal/sync.runtime_doSpin", Safepoint = false)]
    public static void DoSpin(G* g) => Futex.Pause(PausesPerSpin);

    /// <summary>`die(s string, system, signal bool)`: the end of throw and fatal, after the panics in progress were printed.</summary>
    [GoFunc("runtime.die", NoReturn = true)]
    public static void Die(G* g, void* text, long n, int system, int signal) => Throw.FatalBytes((byte*)text, n, system != 0, signal != 0);

    [GoFunc("crypto/internal/fips140.getIndicator", Safepoint = false)]
    public static uint GetIndicator(G* g) => Sched.State(g)->FipsIndicator;

    [GoFunc("crypto/internal/fips140.setIndicator", Safepoint = false)]
    public static void SetIndicator(G* g, uint v) => Sched.State(g)->FipsIndicator = (byte)v;

    [GoFunc("crypto/fips140.setBypass", Safepoint = false)]
    public static void SetBypass(G* g) => Sched.State(g)->FipsBypass = 1;

    [GoFunc("crypto/fips140.unsetBypass", Safepoint = false)]
    public static void UnsetBypass(G* g) => Sched.State(g)->FipsBypass = 0;

    [GoFunc("crypto/fips140.isBypassed", Safepoint = false)]
    public static int IsBypassed(G* g) => Sched.State(g)->FipsBypass;

    [GoFunc("crypto/subtle.setDITEnabled", Safepoint = false)]
    public static int SetDitEnabled(G* g) => 0;

    [GoFunc("crypto/subtle.setDITDisabled", Safepoint = false)]
    public static void SetDitDisabled(G* g) { }

    [GoFunc("crypto/internal/boring/bcache.registerCache", Safepoint = false)]
    public static void RegisterCache(G* g, void* cache) { }

    /// <summary>Markers that gc's tools look for in binaries.</summary>
    [GoFunc("crypto/internal/boring/sig.StandardCrypto", Safepoint = false)]
    [GoFunc("crypto/internal/boring/sig.BoringCrypto", Safepoint = false)]
    public static void CryptoMarker(G* g) { }

    // ---- reflect

    [GoFunc("reflect.verifyNotInHeapPtr", Safepoint = false)]
    public static int VerifyNotInHeapPtr(G* g, ulong p) => p != ulong.MaxValue ? 1 : 0;

    // ---- vendor/golang.org/x/sys/cpu

    [GoFunc("runtime.getAuxv", Safepoint = false)]
    public static void* GetAuxv(G* g)
    {
        g->R[1] = g->R[2] = 0;
        return null;
    }
}
