// Accesses to memory that is not there or is protected: what Go calls an unexpected fault.
//
// Nil is found by explicit checks. Other bad addresses (package unsafe, mapped files, protected pages) raise SIGSEGV or SIGBUS in the middle of emitted code.
// The host makes a NullReferenceException of a fault near address 0 and ends the process for any other. So the handlers put before the host's, a few instructions
// of machine code, note the fault in a ring and tell the host that the address was 0. Faults near the stack pointer are left to it: stack overflow.
//
// The exception ends the native frames up to the trampoline; the Go frames are still there. What is lost is what native frames held in registers and
// had not saved. That does not matter for a fatal error. A panic may be recovered, so it needs all frames that could go on saved: with SetPanicOnFault
// every prologue unwinds and goes on from its Go frame, and then there is one native frame of Go at most, which never goes on where it was.

using System;
using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;

using Tuza.Abi;
using Tuza.Memory;

namespace Tuza.Runtime;

/// <summary>Catches faults and makes fatal errors or panics of them.</summary>
public static unsafe class Faults
{
    const int SigBus = 7, SigSegv = 11;
    const int Slots = 64;
    const ulong NilPageBytes = 4096, HostNilBytes = 64 << 10;

    /// <summary>One fault. The first entry of the ring is its counter.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 64)]
    struct Record
    {
        public ulong Address;
        public ulong Sp;
        public ulong Pc;
        public long Code;
        public long Signal;
    }

    // rdi: signal, rsi: siginfo (code at 8, address at 16), rdx: ucontext (rsp at 0xa0, rip at 0xa8).
    static readonly byte[] s_code =
    [
        0x48, 0x8b, 0x46, 0x10,                                     // mov rax, [rsi+16]
        0x48, 0x8b, 0x8a, 0xa0, 0, 0, 0,                            // mov rcx, [rdx+0xa0]
        0x49, 0x89, 0xc0, 0x49, 0x29, 0xc8,                         // mov r8, rax; sub r8, rcx
        0x49, 0x81, 0xc0, 0, 0, 1, 0, 0x49, 0x81, 0xf8, 0, 0, 2, 0, // add r8, 64K; cmp r8, 128K
        0x72, 0x5e,                                                 // jb host
        0x49, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0,                         // mov r8, the ring
        0x41, 0xb9, 1, 0, 0, 0, 0xf0, 0x45, 0x0f, 0xc1, 0x08,       // mov r9d, 1; lock xadd [r8], r9d
        0x41, 0x83, 0xe1, 0x3f, 0x49, 0xc1, 0xe1, 0x06,             // and r9d, 63; shl r9, 6
        0x4f, 0x8d, 0x44, 0x08, 0x40,                               // lea r8, [r8+r9+64]
        0x49, 0x89, 0x00, 0x49, 0x89, 0x48, 0x08,                   // mov [r8], rax; mov [r8+8], rcx
        0x4c, 0x8b, 0x8a, 0xa8, 0, 0, 0, 0x4d, 0x89, 0x48, 0x10,    // mov r9, [rdx+0xa8]; mov [r8+16], r9
        0x49, 0x89, 0x78, 0x20,                                     // mov [r8+32], rdi
        0x48, 0x63, 0x4e, 0x08, 0x49, 0x89, 0x48, 0x18,             // movsxd rcx, dword [rsi+8]; mov [r8+24], rcx
        0x48, 0xb9, 0, 0, 0, 0, 0, 0, 0, 0, 0x49, 0x29, 0xc9,       // mov rcx, the C library's code; sub r9, rcx
        0x49, 0x81, 0xf9, 0, 0, 0, 0, 0x72, 0x14,                   // cmp r9, its length; jb library
        0x48, 0xc7, 0x46, 0x10, 0, 0, 0, 0,                         // mov qword [rsi+16], 0
        0x48, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xe0,             // host: mov rax, its handler; jmp rax
        0x57, 0xb8, 1, 0, 0, 0, 0xbf, 0, 0, 0, 0,                   // library: push rdi; mov eax, 1 (write); mov edi, the pipe
        0x48, 0x89, 0xe6, 0xba, 1, 0, 0, 0, 0x0f, 0x05,             // mov rsi, rsp; mov edx, 1; syscall
        0xb8, 0x22, 0, 0, 0, 0x0f, 0x05, 0xeb, 0xf7,                // wait: mov eax, 34 (pause); syscall; jmp wait
    ];
    const int RingOffset = 35, LibraryOffset = 99, LengthOffset = 113, HostOffset = 129, PipeOffset = 146;

    static nuint s_library; // the C library's code
    static int s_libraryBytes;
    static Record* s_ring;
    static Record s_fatal; // what the process dies of

    /// <summary>Puts the handlers before those of the host. Without them faults end the process in the host's way.</summary>
    internal static void Install(int pipe)
    {
        const nuint PageBytes = 4096;
        if (RuntimeInformation.ProcessArchitecture != Architecture.X64)
            return;
        byte* page = KernelMemory.Map(null, PageBytes, KernelMemory.Read | KernelMemory.Write, 0);
        if (page == null)
            return;
        if (pipe >= 0)
            FindLibrary();
        var ring = (Record*)NativeMemory.AllocZeroed(Slots + 1, (nuint)sizeof(Record));
        int[] signals = [SigBus, SigSegv];
        for (int i = 0; i < signals.Length; i++)
        {
            byte* code = page + i * 256;
            Marshal.Copy(s_code, 0, (nint)code, s_code.Length);
            *(Record**)(code + RingOffset) = ring;
            *(nuint*)(code + LibraryOffset) = s_library;
            *(int*)(code + LengthOffset) = s_libraryBytes;
            *(int*)(code + PipeOffset) = pipe;
            *(long*)(code + HostOffset) = Signals.Get(signals[i]).Handler;
        }
        if (!KernelMemory.Protect(page, PageBytes, KernelMemory.Read | KernelMemory.Execute))
            return;
        s_ring = ring;
        for (int i = 0; i < signals.Length; i++)
            Signals.Precede(signals[i], (long)(page + i * 256));
    }

    /// <summary>Where the code of the C library is: its file's header lies at the beginning of the mapping.</summary>
    static void FindLibrary()
    {
        const int HeadersAt = 0x20, HeaderBytes = 0x36, HeaderCount = 0x38;         // of the file's header
        const int FlagsAt = 4, AddressAt = 0x10, SizeAt = 0x28, Load = 1, Execute = 1; // of a segment's
        if (!NativeLibrary.TryLoad("libc", typeof(Faults).Assembly, null, out nint library)
            || !NativeLibrary.TryGetExport(library, "memmove", out nint memmove) || !NativeLibrary.TryGetExport(library, "dladdr", out nint dladdr))
            return;
        byte** info = stackalloc byte*[4]; // its name, its base, a symbol's name and address
        if (((delegate* unmanaged<nint, byte**, int>)dladdr)(memmove, info) == 0 || info[1] == null)
            return;
        byte* file = info[1];
        byte* segment = file + *(long*)(file + HeadersAt);
        for (int i = 0; i < *(ushort*)(file + HeaderCount); i++, segment += *(ushort*)(file + HeaderBytes))
        {
            nuint start = (nuint)file + *(nuint*)(segment + AddressAt);
            nuint bytes = *(nuint*)(segment + SizeAt);
            if (*(int*)segment != Load || (((int*)segment)[FlagsAt / 4] & Execute) == 0 || (nuint)memmove - start >= bytes)
                continue;
            s_library = start;
            s_libraryBytes = (int)bytes;
            return;
        }
    }

    /// <summary>On the thread that waits for signals: another one stays in a fault of the C library for ever.</summary>
    internal static void DieInLibrary()
    {
        uint count = *(uint*)s_ring;
        Record fault = default;
        for (uint i = 0; i < Slots && fault.Signal == 0; i++)
        {
            Record r = s_ring[1 + (count - 1 - i) % Slots];
            if (r.Pc - s_library < (nuint)s_libraryBytes)
                fault = r;
        }
        Die(fault, Sched.WhoRunsAt((nuint)fault.Sp));
    }

    /// <summary>The newest fault of the calling thread, or none (Signal 0): one below <paramref name="here"/> on its stack.</summary>
    static Record Find(nuint here, nuint limit)
    {
        if (s_ring == null)
            return default;
        uint count = *(uint*)s_ring;
        for (uint i = 0; i < Slots; i++)
        {
            Record r = s_ring[1 + (count - 1 - i) % Slots];
            if (r.Sp < here && r.Sp >= limit)
                return r;
        }
        return default;
    }

    /// <summary>
    /// An exception has ended the native frames of the running goroutine. If it was a fault of the program, the process ends with Go's message, or
    /// the trampoline finds a panic to go on with. False: it was something else.
    /// </summary>
    internal static bool Deliver(G* g, GState* gs, Exception e)
    {
        byte here;
        Record fault = Find((nuint)(&here), ((M*)g->M)->NativeLimit - Threads.NativeReserveBytes);
        var trace = new StackTrace(e, false);
        int func = 0, caller = 0;
        bool entered = false, ours = false;
        for (int i = 0; i < trace.FrameCount && caller == 0; i++)
        {
            MethodBase? method = trace.GetFrame(i)!.GetMethod();
            int id = method == null ? 0 : ImageLoader.FunctionOf(method, out entered);
            if (id == 0 && func == 0)
                ours |= method != null && (method.Module == typeof(Faults).Module || method.Module == typeof(MHeap).Module);
            else if (func == 0)
                func = id;
            else if (id != 0)
                caller = id;
        }
        if (fault.Signal == 0 || func == 0 || g->Sp == null || (ours && fault.Address < HostNilBytes))
            return false;
        bool isBase = NameTop(g, gs, func, caller, entered);
        bool mayPanic = !ours && isBase && g->Unwinding == UnwindReason.None && gs->Locks == 0 && gs->PanicOnFault != 0 && gs->Status == GStatus.Running;
        if (!mayPanic)
        {
            // A function without a frame of its own is shown too, if there is room for its smallest one.
            int bytes = FuncTable.Get(func)->FrameBytes;
            if (((int*)g->Sp)[1] == caller && caller != 0 && bytes is > 0 and < Stacks.RedZoneBytes)
            {
                g->Sp -= bytes;
                *(ulong*)g->Sp = (ulong)(uint)func << 32;
            }
            Die(fault, g);
        }
        // What the function that goes on after a recovery holds lives while deferred calls run; the header may be that of an earlier call, or of none.
        if ((FuncTable.Get(func)->Flags & FuncFlags.HasDefer) != 0 && ((int*)g->Sp)[1] == func)
            *(uint*)g->Sp = SiteDesc.DeferReturn;
        gs->InjectA = (long)fault.Address;
        gs->Inject = GoCalls.Code(fault.Address < NilPageBytes ? GoCall.PanicMem : GoCall.PanicFault);
        g->ArgCount = 0;
        Stacks.ResetGuard(g);
        return true;
    }

    /// <summary>
    /// The function that was interrupted may have a frame whose header it has not written yet. Gives it one, for the traceback. True if the topmost
    /// frame is the one that the trampoline has entered.
    /// </summary>
    static bool NameTop(G* g, GState* gs, int func, int caller, bool entered)
    {
        FuncDesc* f = FuncTable.Get(func);
        byte* below = g->Sp + f->FrameBytes;
        bool isBase = g->StackHi - g->Sp == gs->EntryDepth;
        bool pushed = f->FrameBytes != 0 && (caller == 0 ? entered || !isBase : below < g->StackHi && ((int*)below)[1] == caller);
        if (pushed && ((int*)g->Sp)[1] != func)
            *(ulong*)g->Sp = (ulong)(uint)func << 32;
        return isBase;
    }

    static void Die(in Record fault, G* g)
    {
        s_fatal = fault;
        Print.Begin();
        Print.Text("unexpected fault address ");
        Print.Hex(fault.Address);
        Print.Text("\n");
        Print.End();
        Throw.FatalFault(g);
    }

    /// <summary>What Go prints about the signal behind an error.</summary>
    internal static void SignalLine(G* g)
    {
        bool real = s_fatal.Signal != 0;
        Print.Text(s_fatal.Signal == SigBus ? "[signal SIGBUS: bus error code=" : "[signal SIGSEGV: segmentation violation code=");
        Print.Hex(real ? (ulong)s_fatal.Code : 1);
        Print.Text(" addr=");
        Print.Hex(s_fatal.Address);
        Print.Text(" pc=");
        Print.Hex(real ? s_fatal.Pc : FrameWalk.CallerPc(g) & 0xffffffff);
        Print.Text("]\n");
    }
}
