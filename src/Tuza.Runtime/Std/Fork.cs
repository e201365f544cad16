// Starting processes: the few instructions that run between fork and exec.
//
// A child made by fork has one thread and every lock as it was; made by vfork it even shares our memory. No managed code may run in it. So
// the list of system calls it has to make is written by the parent (package syscall, see the addition to exec_linux.go), and the child is
// the loop below, which knows nothing but that list. The parent's thread waits inside the system call, in unmanaged code, so collections go on.

using System.Runtime.InteropServices;

using Tuza.Abi;

namespace Tuza.Runtime;

/// <summary>Makes child processes.</summary>
public static unsafe partial class Fork
{
    // struct { nr, a1, a2, a3, calls, pipe, errno, blockAll, oldMask }; a call is { nr, a1..a6, result, value }, 72 bytes.
    static readonly byte[] s_code =
    [
        0x53, 0x41, 0x54,                                            // push rbx; push r12
        0x48, 0x89, 0xfb,                                            // mov rbx, rdi
        0xb8, 0x0e, 0, 0, 0, 0xbf, 0x02, 0, 0, 0,                    // rt_sigprocmask(SIG_SETMASK, &blockAll, &oldMask, 8)
        0x48, 0x8d, 0x73, 0x38, 0x48, 0x8d, 0x53, 0x40,
        0x41, 0xba, 0x08, 0, 0, 0, 0x0f, 0x05,
        0x48, 0x8b, 0x03, 0x48, 0x8b, 0x7b, 0x08,                    // clone or clone3
        0x48, 0x8b, 0x73, 0x10, 0x48, 0x8b, 0x53, 0x18,
        0x45, 0x31, 0xd2, 0x45, 0x31, 0xc0, 0x0f, 0x05,
        0x48, 0x85, 0xc0, 0x74, 0x22,                                // test rax, rax; jz child
        0x49, 0x89, 0xc4,                                            // mov r12, rax
        0xb8, 0x0e, 0, 0, 0, 0xbf, 0x02, 0, 0, 0,                    // rt_sigprocmask(SIG_SETMASK, &oldMask, 0, 8)
        0x48, 0x8d, 0x73, 0x40, 0x31, 0xd2,
        0x41, 0xba, 0x08, 0, 0, 0, 0x0f, 0x05,
        0x4c, 0x89, 0xe0, 0x41, 0x5c, 0x5b, 0xc3,                    // mov rax, r12; pop r12; pop rbx; ret
        0x4c, 0x8b, 0x63, 0x20,                                      // child: mov r12, calls
        0x49, 0x8b, 0x04, 0x24, 0x49, 0x8b, 0x7c, 0x24, 0x08,        // next: the system call
        0x49, 0x8b, 0x74, 0x24, 0x10, 0x49, 0x8b, 0x54, 0x24, 0x18,
        0x4d, 0x8b, 0x54, 0x24, 0x20, 0x4d, 0x8b, 0x44, 0x24, 0x28,
        0x4d, 0x8b, 0x4c, 0x24, 0x30, 0x0f, 0x05,
        0x49, 0x8b, 0x4c, 0x24, 0x38, 0x49, 0x8b, 0x54, 0x24, 0x40,  // rcx = result, rdx = value
        0x49, 0x83, 0xc4, 0x48,                                      // add r12, 72
        0x48, 0x83, 0xf9, 0x01, 0x74, 0xc8,                          // may fail: next
        0x48, 0x3d, 0x01, 0xf0, 0xff, 0xff, 0x73, 0x2a,              // cmp rax, -4095; jae fail
        0x48, 0x83, 0xf9, 0x02, 0x75, 0x04, 0x89, 0x02, 0xeb, 0xb6,  // store: mov [rdx], eax; next
        0x48, 0x83, 0xf9, 0x03, 0x75, 0x0b,                          // skip if rax == rdx: add r12, 72; next
        0x48, 0x39, 0xd0, 0x75, 0xab, 0x49, 0x83, 0xc4, 0x48, 0xeb, 0xa5,
        0x48, 0x83, 0xf9, 0x04, 0x75, 0x9f,                          // fail if [rdx] != 0
        0x8b, 0x02, 0x85, 0xc0, 0x74, 0x99, 0x48, 0xf7, 0xd8,
        0x48, 0xf7, 0xd8, 0x48, 0x89, 0x43, 0x30,                    // fail: errno = -rax
        0xb8, 0x01, 0, 0, 0, 0x48, 0x8b, 0x7b, 0x28,                 // write(pipe, &errno, 8)
        0x48, 0x8d, 0x73, 0x30, 0xba, 0x08, 0, 0, 0, 0x0f, 0x05,
        0xb8, 0x3c, 0, 0, 0, 0xbf, 0xfd, 0, 0, 0, 0x0f, 0x05, 0xeb, 0xf2, // exit(253), for ever
    ];

    static readonly delegate* unmanaged<void*, long> s_run = Install();

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial byte* MMap(byte* address, nuint bytes, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "mprotect")]
    private static partial int MProtect(byte* address, nuint bytes, int protection);

    static delegate* unmanaged<void*, long> Install()
    {
        const int Read = 1, Write = 2, Execute = 4, PrivateAnonymous = 0x22;
        byte* page = MMap(null, 4096, Read | Write, PrivateAnonymous, -1, 0);
        if (page == (byte*)-1)
            return null;
        Marshal.Copy(s_code, 0, (nint)page, s_code.Length);
        return MProtect(page, 4096, Read | Execute) == 0 ? (delegate* unmanaged<void*, long>)page : null;
    }

    /// <summary>`startForked(c *forkedChild) int`: the child's process id or minus the error number.</summary>
    [GoFunc("syscall.startForked", Safepoint = false)]
    public static long Start(G* g, void* child)
    {
        const int NoMemory = 12; // ENOMEM
        return s_run == null ? -NoMemory : s_run(child);
    }
}
