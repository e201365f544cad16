// os/signal, the minimum: nobody listens yet, so signals keep their default actions.

using Tuza.Abi;

namespace Tuza.Runtime;

/// <summary>Symbols of os/signal and signal helpers of os.</summary>
public static unsafe class Signals
{
    const int SigPipe = 13;

    public static bool AnyoneListens => false;

    [GoFunc("os.sigpipe", Safepoint = false)]
    public static void SigPipeDefault(G* g)
    {
        // struct kernel_sigaction { handler, flags, restorer, mask } with SIG_DFL.
        long* action = stackalloc long[4];
        action[0] = action[1] = action[2] = action[3] = 0;
        _ = Libc.Syscall(Libc.SysRtSigaction, SigPipe, (nint)action, 0, 8, 0, 0);
        _ = Libc.Syscall(Libc.SysKill, (nint)Libc.Syscall(Libc.SysGetpid, 0, 0, 0, 0, 0, 0), SigPipe, 0, 0, 0, 0);
        Exit.Now(2);
    }

    [GoFunc("os.ignoreSIGSYS", Safepoint = false)]
    public static void IgnoreSigSys(G* g) { }

    [GoFunc("os.restoreSIGSYS", Safepoint = false)]
    public static void RestoreSigSys(G* g) { }
}
