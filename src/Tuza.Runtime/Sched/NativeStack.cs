// Bounds of the native stack of the calling thread, asked from the C library.

using System.Runtime.InteropServices;

using Tuza.Memory;

namespace Tuza.Runtime;

static unsafe partial class NativeStack
{
    [LibraryImport(KernelMemory.CLibrary)]
    private static partial nuint pthread_self();

    [LibraryImport(KernelMemory.CLibrary)]
    private static partial int pthread_getattr_np(nuint thread, byte* attributes);

    [LibraryImport(KernelMemory.CLibrary)]
    private static partial int pthread_attr_getstack(byte* attributes, void** address, nuint* bytes);

    [LibraryImport(KernelMemory.CLibrary)]
    private static partial int pthread_attr_destroy(byte* attributes);

    /// <summary>(0, 0) when unknown.</summary>
    public static (nuint Lo, nuint Hi) Bounds()
    {
        byte* attributes = stackalloc byte[256];
        if (pthread_getattr_np(pthread_self(), attributes) != 0)
            return default;
        void* address;
        nuint bytes;
        int error = pthread_attr_getstack(attributes, &address, &bytes);
        _ = pthread_attr_destroy(attributes);
        return error != 0 ? default : ((nuint)address, (nuint)address + bytes);
    }
}
