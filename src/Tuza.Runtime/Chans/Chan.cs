// Channels.
//
// A channel is one heap object: the header, then the ring buffer. Channels of elements with pointers keep the buffer in an object of its own type
// (as Go does), so that the collector sees the elements and the timer.
//
// Invariants. At most one of SendQ and RecvQ is non-empty, except for a select on both sides of one channel. Buffered: Count > 0 implies RecvQ
// is empty, Count < Cap implies SendQ is empty. Closed: SendQ and RecvQ are empty.
//
// Each channel has a lock. A goroutine that must wait keeps it until its native frames are gone: whoever finds it in a queue finds it parked, its
// stack at rest. The waker finishes the operation for the sleeper: it copies the element, also from stack to stack.
//
// Timer channels (Timer set) look unbuffered: len and cap are 0. A due timer is run before a receive looks at the buffer.

using System;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Threading;

using Tuza.Abi;
using Tuza.Memory;

using Barrier = Tuza.Memory.Barrier;

namespace Tuza.Runtime;

/// <summary>`hchan`.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct HChan
{
    /// <summary>`qcount`: elements in the buffer.</summary>
    public long Count;
    /// <summary>`dataqsiz`.</summary>
    public long Cap;
    public byte* Buf;
    public ushort ElemBytes;
    public byte Closed;
    public byte HasTimer;
    public int SendIndex;
    public int RecvIndex;
    public Lock32 Lock;
    public TypeDesc* ElemType;
    public Timer* Timer;
    public WaitQ RecvQ;
    public WaitQ SendQ;
    public void* Bubble;
}

/// <summary>Operations on channels.</summary>
public static unsafe class Chan
{
    const int HeaderBytes = 112;
    const int HeaderCheck = HeaderBytes >= 104 ? 0 : -1;

    static TypeDesc* s_headerType;

    /// <summary>The type of channels whose elements are elsewhere or hold no pointers; null before the first.</summary>
    internal static TypeDesc* ObjectType => s_headerType;

    static byte* Slot(HChan* c, long i) => c->Buf + i * c->ElemBytes;

    /// <summary>Element copy between the buffer and the caller's variable.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Copy(G* g, HChan* c, byte* dst, byte* src)
    {
        if (c->ElemBytes == 8 && (Barrier.Enabled == 0 || !c->ElemType->HasPointers))
            *(long*)dst = *(long*)src;
        else if (c->ElemBytes <= MostWordBytes && c->ElemBytes % 8 == 0 && Barrier.Enabled == 0)
            CopyWords(dst, src, c->ElemBytes);
        else if (c->ElemBytes != 0)
            CopySlow(g, c, dst, src);
    }

    /// <summary>Elements up to this size are copied and cleared here, word by word.</summary>
    const int MostWordBytes = 80;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void CopyWords(byte* dst, byte* src, int bytes)
    {
        int at = 0;
        for (; at <= bytes - 16; at += 16)
            *(Vector128<byte>*)(dst + at) = *(Vector128<byte>*)(src + at); // not Load and Store: they would be calls until this is compiled again
        if (at < bytes)
            *(long*)(dst + at) = *(long*)(src + at);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static void CopySlow(G* g, HChan* c, byte* dst, byte* src)
    {
        if (Barrier.Enabled != 0 && c->ElemType->HasPointers)
            Barrier.TypedMemMove((MCache*)g->MCache, c->ElemType, dst, src);
        else
            Buffer.MemoryCopy(src, dst, c->ElemBytes, c->ElemBytes);
    }

    /// <summary>Copy from or to another goroutine's variable: its stack may have been scanned already or not yet, so what is copied is shaded.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Transfer(G* g, HChan* c, byte* dst, byte* src)
    {
        if (Barrier.Enabled != 0)
            TransferSlow(g, c, dst, src);
        else if (c->ElemBytes == 8)
            *(long*)dst = *(long*)src;
        else if (c->ElemBytes <= MostWordBytes && c->ElemBytes % 8 == 0)
            CopyWords(dst, src, c->ElemBytes);
        else
            Buffer.MemoryCopy(src, dst, c->ElemBytes, c->ElemBytes);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static void TransferSlow(G* g, HChan* c, byte* dst, byte* src)
    {
        if (c->ElemType->HasPointers)
            Barrier.TypedMemMove((MCache*)g->MCache, c->ElemType, dst, src);
        Barrier.TypedCopyFresh(dst, src, c->ElemBytes);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Clear(G* g, HChan* c, byte* p)
    {
        if (c->ElemBytes <= MostWordBytes && c->ElemBytes % 8 == 0 && Barrier.Enabled == 0)
            ClearWords(p, c->ElemBytes);
        else
            ClearSlow(g, c, p);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void ClearWords(byte* p, int bytes)
    {
        int at = 0;
        for (; at <= bytes - 16; at += 16)
            *(Vector128<byte>*)(p + at) = default;
        if (at < bytes)
            *(long*)(p + at) = 0;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static void ClearSlow(G* g, HChan* c, byte* p)
    {
        if (!c->ElemType->HasPointers || Barrier.Enabled == 0)
            new Span<byte>(p, c->ElemBytes).Clear();
        else
            Barrier.TypedMemClr((MCache*)g->MCache, c->ElemType, p);
    }

    // ---- make, len, cap

    [GoFunc("runtime.makechan", Parks = true)]
    [GoFunc("reflect.makechan", Parks = true)]
    public static void* MakeChan(G* g, void* type, long size)
    {
        TypeDesc* elem = ((ChanTypeDesc*)type)->Elem;
        if (size < 0 || elem->Size != 0 && (ulong)size > ((1UL << 48) - HeaderBytes) / elem->Size)
        {
            Trampoline.Inject(g, GoCall.PanicMakeChanSize);
            return null;
        }
        nuint bytes = (nuint)size * elem->Size;
        HChan* c;
        if (!elem->HasPointers || bytes == 0)
        {
            c = (HChan*)Alloc.New(g, HeaderBytes + bytes, null);
            c->Buf = (byte*)c + HeaderBytes;
        }
        else
        {
            c = (HChan*)Alloc.New(g, HeaderBytes, HeaderType());
            g->Args[0] = (ulong)c;
            g->ArgCount = 1;
            c->Buf = (byte*)Alloc.New(g, bytes, elem);
            g->ArgCount = 0;
        }
        c->ElemBytes = (ushort)elem->Size;
        c->ElemType = elem;
        c->Cap = size;
        c->Bubble = Sched.State(g)->Bubble;
        return c;
    }

    /// <summary>Descriptor of a header whose buffer is an object of its own: its pointers are Buf and Timer.</summary>
    static TypeDesc* HeaderType()
    {
        if (s_headerType == null)
        {
            // Made twice if two ask at once; both are right.
            TypeDesc* t = (TypeDesc*)NativeMemory.AllocZeroed((nuint)sizeof(TypeDesc) + 8);
            t->Size = HeaderBytes;
            t->PtrBytes = 7 * 8;
            t->Kind = Kind.Struct;
            t->Align = t->FieldAlign = 8;
            t->GCData = (byte*)(t + 1);
            *t->GCData = 1 << 2 | 1 << 6;
            s_headerType = t;
        }
        return s_headerType;
    }

    [GoFunc("runtime.chanlen", Safepoint = false)]
    [GoFunc("reflect.chanlen", Safepoint = false)]
    [GoFunc("internal/reflectlite.chanlen", Safepoint = false)]
    public static long Len(G* g, void* ch) => ch == null || ((HChan*)ch)->HasTimer != 0 ? 0 : ((HChan*)ch)->Count;

    [GoFunc("runtime.chancap", Safepoint = false)]
    [GoFunc("reflect.chancap", Safepoint = false)]
    public static long Cap(G* g, void* ch) => ch == null || ((HChan*)ch)->HasTimer != 0 ? 0 : ((HChan*)ch)->Cap;

    // ---- send

    /// <summary>Tries to send at once, the lock is held and stays so unless done or closed. 1 done, 0 would block, -1 closed.</summary>
    internal static int TrySendLocked(G* g, HChan* c, byte* elem, out G* woken)
    {
        woken = null;
        if (c->Closed != 0)
            return -1;
        Sudog* r = c->RecvQ.Dequeue();
        if (r != null)
        {
            if (r->Elem != null)
                Transfer(g, c, r->Elem, elem);
            woken = Done(r);
            return 1;
        }
        if (c->Count < c->Cap)
        {
            Copy(g, c, Slot(c, c->SendIndex), elem);
            if (++c->SendIndex == c->Cap)
                c->SendIndex = 0;
            c->Count++;
            return 1;
        }
        return 0;
    }

    [GoFunc("runtime.chansend1", Parks = true)]
    public static void Send1(G* g, void* ch, void* elem) => Send(g, (HChan*)ch, (byte*)elem);

    static void Send(G* g, HChan* c, byte* elem)
    {
        if (c == null)
        {
            Sched.Park(g, WaitReason.ChanSendNilChan);
            return;
        }
        c->Lock.Enter();
        int r = TrySendLocked(g, c, elem, out G* woken);
        if (r == 0)
        {
            GState* gs = Sched.State(g);
            Sudog* s = Sudog.Acquire(g);
            s->Elem = elem;
            s->C = c;
            s->IsSend = 1;
            gs->Waiting = s;
            c->SendQ.Enqueue(s);
            gs->OnWake = &AfterSend;
            Bubbles.Check(g, c->Bubble, "send on synctest channel from outside bubble");
            Sched.Park(g, c->Bubble != null ? WaitReason.SynctestChanSend : WaitReason.ChanSend, &c->Lock);
            return;
        }
        Leave(g, c, woken);
        if (r < 0)
            Trampoline.Inject(g, GoCall.PanicSendClosed);
    }

    static bool AfterSend(G* g)
    {
        GState* gs = Sched.State(g);
        Sudog* s = gs->Waiting;
        gs->Waiting = null;
        bool success = s->Success != 0;
        Sudog.Release(Sched.POf(g), s);
        g->R[0] = 1;
        if (!success)
        {
            gs->Inject = GoCalls.Code(GoCall.PanicSendClosed);
        }
        return true;
    }

    // ---- receive

    /// <summary>Tries to receive at once, the lock is held. 1 got an element, 0 would block, -1 closed and empty (elem is cleared).</summary>
    internal static int TryRecvLocked(G* g, HChan* c, byte* elem, out G* woken)
    {
        woken = null;
        if (c->Closed != 0)
        {
            if (c->Count == 0)
            {
                if (elem != null)
                    Clear(g, c, elem);
                return -1;
            }
        }
        else
        {
            Sudog* s = c->SendQ.Dequeue();
            if (s != null)
            {
                if (c->Cap == 0)
                {
                    if (elem != null)
                        Transfer(g, c, elem, s->Elem);
                }
                else
                {
                    // Full buffer: take the head, put the sender's element at the tail, which is the same slot.
                    byte* slot = Slot(c, c->RecvIndex);
                    if (elem != null)
                        Copy(g, c, elem, slot);
                    Transfer(g, c, slot, s->Elem);
                    if (++c->RecvIndex == c->Cap)
                        c->RecvIndex = 0;
                    c->SendIndex = c->RecvIndex;
                }
                woken = Done(s);
                return 1;
            }
        }
        if (c->Count > 0)
        {
            byte* slot = Slot(c, c->RecvIndex);
            if (elem != null)
                Copy(g, c, elem, slot);
            if (c->ElemType->HasPointers)
                Clear(g, c, slot);
            if (++c->RecvIndex == c->Cap)
                c->RecvIndex = 0;
            c->Count--;
            return 1;
        }
        return 0;
    }

    /// <summary>Nothing to receive at this moment, seen without the lock.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool LooksEmpty(HChan* c) =>
        Volatile.Read(ref c->Closed) == 0 && (c->Cap == 0 ? Volatile.Read(ref *(nint*)&c->SendQ.First) == 0 : Volatile.Read(ref c->Count) == 0);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool LooksFull(HChan* c) =>
        Volatile.Read(ref c->Closed) == 0
        && (c->Cap == 0 ? Volatile.Read(ref *(nint*)&c->RecvQ.First) == 0 : Volatile.Read(ref c->Count) == c->Cap);

    [GoFunc("runtime.chanrecv1", Parks = true)]
    public static void Recv1(G* g, void* ch, void* elem) => Recv(g, (HChan*)ch, (byte*)elem);

    [GoFunc("runtime.chanrecv2", Parks = true)]
    public static int Recv2(G* g, void* ch, void* elem) => Recv(g, (HChan*)ch, (byte*)elem);

    /// <summary>The result, also when parked, is whether an element was received: first scalar.</summary>
    static int Recv(G* g, HChan* c, byte* elem)
    {
        if (c == null)
        {
            Sched.Park(g, WaitReason.ChanReceiveNilChan);
            return 0;
        }
        if (c->HasTimer != 0 && Timers.ChannelDue(c))
        {
            RetryAfterTimers(g, c, elem, Sched.State(g)->Scratch1 == OpReflectRecv ? OpReflectRecv : OpRecv);
            return 0;
        }
        c->Lock.Enter();
        int r = TryRecvLocked(g, c, elem, out G* woken);
        if (r != 0)
        {
            Leave(g, c, woken);
            return r > 0 ? 1 : 0;
        }
        EnqueueRecv(g, c, elem);
        Bubbles.Check(g, c->Bubble, "receive on synctest channel from outside bubble");
        Sched.Park(g, c->Bubble != null ? WaitReason.SynctestChanReceive : WaitReason.ChanReceive, &c->Lock);
        return 0;
    }

    static void EnqueueRecv(G* g, HChan* c, byte* elem)
    {
        GState* gs = Sched.State(g);
        Sudog* s = Sudog.Acquire(g);
        s->Elem = elem;
        s->C = c;
        gs->Waiting = s;
        c->RecvQ.Enqueue(s);
        if (c->HasTimer != 0)
            Timers.EnlistLocked(g, c);
        gs->OnWake = &AfterRecv;
    }

    static bool AfterRecv(G* g)
    {
        GState* gs = Sched.State(g);
        Sudog* s = gs->Waiting;
        gs->Waiting = null;
        // chanrecv2: received. reflect.chanrecv: selected, received; its caller reads both words.
        g->R[0] = gs->Scratch1 == OpReflectRecv ? 1UL : s->Success;
        g->R[1] = s->Success;
        gs->Scratch1 = 0;
        Sudog.Release(Sched.POf(g), s);
        return true;
    }

    const int OpRecv = 1, OpNbRecv = 2, OpReflectRecv = 3;

    /// <summary>The timer goroutine must send first: yield to it, then try again.</summary>
    static void RetryAfterTimers(G* g, HChan* c, byte* elem, int op)
    {
        GState* gs = Sched.State(g);
        gs->Keep0 = elem;
        gs->Keep1 = (byte*)c;
        gs->Scratch1 = op;
        Timers.ServeChannel(g, c);
        gs->OnWake = &RetryRecv;
        gs->ParkKind = ParkKind.Yield;
        Trampoline.StartUnwind(g, UnwindReason.Park);
    }

    static bool RetryRecv(G* g)
    {
        GState* gs = Sched.State(g);
        HChan* c = (HChan*)gs->Keep1;
        if (Timers.ChannelDue(c))
        {
            // Another P had the time to run this goroutine before one had the time for the timer's.
            Timers.ServeChannel(g, c);
            Sched.YieldAgain(g, &RetryRecv);
            return false;
        }
        byte* elem = gs->Keep0;
        long op = gs->Scratch1;
        gs->Keep0 = gs->Keep1 = null;
        gs->Scratch1 = 0;
        c->Lock.Enter();
        int r = TryRecvLocked(g, c, elem, out G* woken);
        if (r == 0 && op != OpNbRecv)
        {
            if (op == OpReflectRecv)
                gs->Scratch1 = op;
            EnqueueRecv(g, c, elem);
            Sched.ParkAgain(g, c->Bubble != null ? WaitReason.SynctestChanReceive : WaitReason.ChanReceive, &AfterRecv, &c->Lock);
            return false;
        }
        Leave(g, c, woken);
        if (op == OpRecv)
        {
            g->R[0] = r > 0 ? 1UL : 0;
            return true;
        }
        g->R[0] = r != 0 ? 1UL : 0;
        g->R[1] = r > 0 ? 1UL : 0;
        return true;
    }

    // ---- close

    [GoFunc("runtime.closechan", Parks = true)]
    [GoFunc("reflect.chanclose", Parks = true)]
    public static void Close(G* g, void* ch)
    {
        HChan* c = (HChan*)ch;
        if (c == null)
        {
            Trampoline.Inject(g, GoCall.PanicCloseNil);
            return;
        }
        Bubbles.Check(g, c->Bubble, "close of synctest channel from outside bubble");
        c->Lock.Enter();
        if (c->Closed != 0)
        {
            c->Lock.Exit();
            Trampoline.Inject(g, GoCall.PanicCloseClosed);
            return;
        }
        c->Closed = 1;
        // Taken off under the lock, made ready outside.
        Sudog* list = null;
        Sudog** end = &list;
        for (Sudog* s; (s = c->RecvQ.Dequeue()) != null;)
        {
            if (s->Elem != null)
                Clear(g, c, s->Elem);
            *end = s;
            end = &s->Next;
        }
        for (Sudog* s; (s = c->SendQ.Dequeue()) != null;)
        {
            *end = s;
            end = &s->Next;
        }
        *end = null;
        c->Lock.Exit();
        P* p = Sched.POf(g);
        while (list != null)
        {
            Sudog* s = list;
            list = s->Next;
            s->Next = null;
            s->Success = 0;
            Sched.State(s->G)->Woken = s;
            Sched.Ready(p, s->G, next: true);
        }
    }

    /// <summary>The operation of a waiter is done. It is off the queue; made ready when the lock is released.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static G* Done(Sudog* s)
    {
        s->Success = 1;
        Sched.State(s->G)->Woken = s;
        return s->G;
    }

    /// <summary>Releases the lock and makes the goroutine ready whose operation was done under it (may be null).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Leave(G* g, HChan* c, G* woken)
    {
        c->Lock.Exit();
        if (woken != null)
            Sched.Ready(Sched.POf(g), woken, next: true);
    }

    // ---- non-blocking forms (select with default) and reflection

    [GoFunc("runtime.selectnbsend", Parks = true)]
    public static int NbSend(G* g, void* ch, void* elem)
    {
        if (ch == null)
            return 0;
        HChan* c = (HChan*)ch;
        if (c->HasTimer == 0 && LooksFull(c))
            return 0;
        c->Lock.Enter();
        G* woken = null;
        int r = c->HasTimer != 0 && !Timers.MaySendLocked(c) ? 1 : TrySendLocked(g, c, (byte*)elem, out woken);
        if (c->HasTimer != 0)
            Timers.SentLocked(c);
        Leave(g, c, woken);
        if (r < 0)
            Trampoline.Inject(g, GoCall.PanicSendClosed);
        return r > 0 ? 1 : 0;
    }

    [GoFunc("runtime.selectnbrecv", Parks = true)]
    public static int NbRecv(G* g, void* elem, void* ch)
    {
        HChan* c = (HChan*)ch;
        g->R[1] = 0;
        if (c == null)
            return 0;
        if (c->HasTimer != 0 && Timers.ChannelDue(c))
        {
            RetryAfterTimers(g, c, (byte*)elem, OpNbRecv);
            return 0;
        }
        if (LooksEmpty(c) && Volatile.Read(ref c->Closed) == 0)
            return 0;
        c->Lock.Enter();
        int r = TryRecvLocked(g, c, (byte*)elem, out G* woken);
        Leave(g, c, woken);
        g->R[1] = r > 0 ? 1UL : 0;
        return r != 0 ? 1 : 0;
    }

    [GoFunc("reflect.chansend0", Parks = true)]
    public static int ReflectSend(G* g, void* ch, void* elem, int nonBlocking)
    {
        if (nonBlocking != 0)
            return NbSend(g, ch, elem);
        Send(g, (HChan*)ch, (byte*)elem);
        return 1;
    }

    [GoFunc("reflect.chanrecv", Parks = true)]
    public static int ReflectRecv(G* g, void* ch, int nonBlocking, void* elem)
    {
        if (nonBlocking != 0)
            return NbRecv(g, elem, ch);
        Sched.State(g)->Scratch1 = OpReflectRecv;
        int r = Recv(g, (HChan*)ch, (byte*)elem);
        if (g->Unwinding == UnwindReason.None)
            Sched.State(g)->Scratch1 = 0;
        g->R[1] = (ulong)r;
        return 1;
    }

    [GoFunc("runtime.block", Parks = true)]
    public static void Block(G* g) => Sched.Park(g, WaitReason.SelectNoCases);
}
