// The functions of sync/atomic, for use as values. Calls by name are intrinsics of the compiler.

using System.Threading;

using Tuza.Abi;

namespace Tuza.Runtime;

/// <summary>sync/atomic.</summary>
public static unsafe class Atomics
{
    [GoFunc("sync/atomic.SwapInt32", Parks = true)]
    public static int SwapInt32(G* g, void* p, int v)
    {
        if (p != null)
            return Interlocked.Exchange(ref *(int*)p, v);
        Trampoline.Inject(g, GoCall.PanicMem);
        return default;
    }

    [GoFunc("sync/atomic.AddInt32", Parks = true)]
    public static int AddInt32(G* g, void* p, int v)
    {
        if (p != null)
            return Interlocked.Add(ref *(int*)p, v);
        Trampoline.Inject(g, GoCall.PanicMem);
        return default;
    }

    [GoFunc("sync/atomic.AndInt32", Parks = true)]
    public static int AndInt32(G* g, void* p, int v)
    {
        if (p != null)
            return Interlocked.And(ref *(int*)p, v);
        Trampoline.Inject(g, GoCall.PanicMem);
        return default;
    }

    [GoFunc("sync/atomic.OrInt32", Parks = true)]
    public static int OrInt32(G* g, void* p, int v)
    {
        if (p != null)
            return Interlocked.Or(ref *(int*)p, v);
        Trampoline.Inject(g, GoCall.PanicMem);
        return default;
    }

    [GoFunc("sync/atomic.LoadInt32", Parks = true)]
    public static int LoadInt32(G* g, void* p)
    {
        if (p != null)
            return Volatile.Read(ref *(int*)p);
        Trampoline.Inject(g, GoCall.PanicMem);
        return default;
    }

    [GoFunc("sync/atomic.CompareAndSwapInt32", Parks = true)]
    public static int CompareAndSwapInt32(G* g, void* p, int old, int v)
    {
        if (p != null)
            return Interlocked.CompareExchange(ref *(int*)p, v, old) == old ? 1 : 0;
        Trampoline.Inject(g, GoCall.PanicMem);
        return default;
    }

    [GoFunc("sync/atomic.StoreInt32", Parks = true)]
    public static void StoreInt32(G* g, void* p, int v)
    {
        if (p == null)
            Trampoline.Inject(g, GoCall.PanicMem);
        else
            Interlocked.Exchange(ref *(int*)p, v);
    }

    [GoFunc("sync/atomic.SwapInt64", Parks = true)]
    public static long SwapInt64(G* g, void* p, long v)
    {
        if (p != null)
            return Interlocked.Exchange(ref *(long*)p, v);
        Trampoline.Inject(g, GoCall.PanicMem);
        return default;
    }

    [GoFunc("sync/atomic.AddInt64", Parks = true)]
    public static long AddInt64(G* g, void* p, long v)
    {
        if (p != null)
            return Interlocked.Add(ref *(long*)p, v);
        Trampoline.Inject(g, GoCall.PanicMem);
        return default;
    }

    [GoFunc("sync/atomic.AndInt64", Parks = true)]
    public static long AndInt64(G* g, void* p, long v)
    {
        if (p != null)
            return Interlocked.And(ref *(long*)p, v);
        Trampoline.Inject(g, GoCall.PanicMem);
        return default;
    }

    [GoFunc("sync/atomic.OrInt64", Parks = true)]
    public static long OrInt64(G* g, void* p, long v)
    {
        if (p != null)
            return Interlocked.Or(ref *(long*)p, v);
        Trampoline.Inject(g, GoCall.PanicMem);
        return default;
    }

    [GoFunc("sync/atomic.LoadInt64", Parks = true)]
    public static long LoadInt64(G* g, void* p)
    {
        if (p != null)
            return Volatile.Read(ref *(long*)p);
        Trampoline.Inject(g, GoCall.PanicMem);
        return default;
    }

    [GoFunc("sync/atomic.CompareAndSwapInt64", Parks = true)]
    public static int CompareAndSwapInt64(G* g, void* p, long old, long v)
    {
        if (p != null)
            return Interlocked.CompareExchange(ref *(long*)p, v, old) == old ? 1 : 0;
        Trampoline.Inject(g, GoCall.PanicMem);
        return default;
    }

    [GoFunc("sync/atomic.StoreInt64", Parks = true)]
    public static void StoreInt64(G* g, void* p, long v)
    {
        if (p == null)
            Trampoline.Inject(g, GoCall.PanicMem);
        else
            Interlocked.Exchange(ref *(long*)p, v);
    }

    [GoFunc("sync/atomic.SwapUint32", Parks = true)]
    public static uint SwapUint32(G* g, void* p, uint v)
    {
        if (p != null)
            return Interlocked.Exchange(ref *(uint*)p, v);
        Trampoline.Inject(g, GoCall.PanicMem);
        return default;
    }

    [GoFunc("sync/atomic.AddUint32", Parks = true)]
    public static uint AddUint32(G* g, void* p, uint v)
    {
        if (p != null)
            return Interlocked.Add(ref *(uint*)p, v);
        Trampoline.Inject(g, GoCall.PanicMem);
        return default;
    }

    [GoFunc("sync/atomic.AndUint32", Parks = true)]
    public static uint AndUint32(G* g, void* p, uint v)
    {
        if (p != null)
            return Interlocked.And(ref *(uint*)p, v);
        Trampoline.Inject(g, GoCall.PanicMem);
        return default;
    }

    [GoFunc("sync/atomic.OrUint32", Parks = true)]
    public static uint OrUint32(G* g, void* p, uint v)
    {
        if (p != null)
            return Interlocked.Or(ref *(uint*)p, v);
        Trampoline.Inject(g, GoCall.PanicMem);
        return default;
    }

    [GoFunc("sync/atomic.LoadUint32", Parks = true)]
    public static uint LoadUint32(G* g, void* p)
    {
        if (p != null)
            return Volatile.Read(ref *(uint*)p);
        Trampoline.Inject(g, GoCall.PanicMem);
        return default;
    }

    [GoFunc("sync/atomic.CompareAndSwapUint32", Parks = true)]
    public static int CompareAndSwapUint32(G* g, void* p, uint old, uint v)
    {
        if (p != null)
            return Interlocked.CompareExchange(ref *(uint*)p, v, old) == old ? 1 : 0;
        Trampoline.Inject(g, GoCall.PanicMem);
        return default;
    }

    [GoFunc("sync/atomic.StoreUint32", Parks = true)]
    public static void StoreUint32(G* g, void* p, uint v)
    {
        if (p == null)
            Trampoline.Inject(g, GoCall.PanicMem);
        else
            Interlocked.Exchange(ref *(uint*)p, v);
    }

    [GoFunc("sync/atomic.SwapUint64", Parks = true)]
    public static ulong SwapUint64(G* g, void* p, ulong v)
    {
        if (p != null)
            return Interlocked.Exchange(ref *(ulong*)p, v);
        Trampoline.Inject(g, GoCall.PanicMem);
        return default;
    }

    [GoFunc("sync/atomic.AddUint64", Parks = true)]
    public static ulong AddUint64(G* g, void* p, ulong v)
    {
        if (p != null)
            return Interlocked.Add(ref *(ulong*)p, v);
        Trampoline.Inject(g, GoCall.PanicMem);
        return default;
    }

    [GoFunc("sync/atomic.AndUint64", Parks = true)]
    public static ulong AndUint64(G* g, void* p, ulong v)
    {
        if (p != null)
            return Interlocked.And(ref *(ulong*)p, v);
        Trampoline.Inject(g, GoCall.PanicMem);
        return default;
    }

    [GoFunc("sync/atomic.OrUint64", Parks = true)]
    public static ulong OrUint64(G* g, void* p, ulong v)
    {
        if (p != null)
            return Interlocked.Or(ref *(ulong*)p, v);
        Trampoline.Inject(g, GoCall.PanicMem);
        return default;
    }

    [GoFunc("sync/atomic.LoadUint64", Parks = true)]
    public static ulong LoadUint64(G* g, void* p)
    {
        if (p != null)
            return Volatile.Read(ref *(ulong*)p);
        Trampoline.Inject(g, GoCall.PanicMem);
        return default;
    }

    [GoFunc("sync/atomic.CompareAndSwapUint64", Parks = true)]
    public static int CompareAndSwapUint64(G* g, void* p, ulong old, ulong v)
    {
        if (p != null)
            return Interlocked.CompareExchange(ref *(ulong*)p, v, old) == old ? 1 : 0;
        Trampoline.Inject(g, GoCall.PanicMem);
        return default;
    }

    [GoFunc("sync/atomic.StoreUint64", Parks = true)]
    public static void StoreUint64(G* g, void* p, ulong v)
    {
        if (p == null)
            Trampoline.Inject(g, GoCall.PanicMem);
        else
            Interlocked.Exchange(ref *(ulong*)p, v);
    }

    [GoFunc("sync/atomic.SwapUintptr", Parks = true)]
    public static ulong SwapUintptr(G* g, void* p, ulong v)
    {
        if (p != null)
            return Interlocked.Exchange(ref *(ulong*)p, v);
        Trampoline.Inject(g, GoCall.PanicMem);
        return default;
    }

    [GoFunc("sync/atomic.AddUintptr", Parks = true)]
    public static ulong AddUintptr(G* g, void* p, ulong v)
    {
        if (p != null)
            return Interlocked.Add(ref *(ulong*)p, v);
        Trampoline.Inject(g, GoCall.PanicMem);
        return default;
    }

    [GoFunc("sync/atomic.AndUintptr", Parks = true)]
    public static ulong AndUintptr(G* g, void* p, ulong v)
    {
        if (p != null)
            return Interlocked.And(ref *(ulong*)p, v);
        Trampoline.Inject(g, GoCall.PanicMem);
        return default;
    }

    [GoFunc("sync/atomic.OrUintptr", Parks = true)]
    public static ulong OrUintptr(G* g, void* p, ulong v)
    {
        if (p != null)
            return Interlocked.Or(ref *(ulong*)p, v);
        Trampoline.Inject(g, GoCall.PanicMem);
        return default;
    }

    [GoFunc("sync/atomic.LoadUintptr", Parks = true)]
    public static ulong LoadUintptr(G* g, void* p)
    {
        if (p != null)
            return Volatile.Read(ref *(ulong*)p);
        Trampoline.Inject(g, GoCall.PanicMem);
        return default;
    }

    [GoFunc("sync/atomic.CompareAndSwapUintptr", Parks = true)]
    public static int CompareAndSwapUintptr(G* g, void* p, ulong old, ulong v)
    {
        if (p != null)
            return Interlocked.CompareExchange(ref *(ulong*)p, v, old) == old ? 1 : 0;
        Trampoline.Inject(g, GoCall.PanicMem);
        return default;
    }

    [GoFunc("sync/atomic.StoreUintptr", Parks = true)]
    public static void StoreUintptr(G* g, void* p, ulong v)
    {
        if (p == null)
            Trampoline.Inject(g, GoCall.PanicMem);
        else
            Interlocked.Exchange(ref *(ulong*)p, v);
    }

    [GoFunc("sync/atomic.LoadPointer", Parks = true)]
    public static void* LoadPointer(G* g, void* p)
    {
        if (p != null)
            return (void*)Volatile.Read(ref *(nint*)p);
        Trampoline.Inject(g, GoCall.PanicMem);
        return default;
    }
}
