// Channels.
//
// A channel is one heap object: the header, then the ring buffer. Channels of elements with pointers keep the buffer in an object of its own type
// (as Go does), so that the collector sees the elements and the timer.
//
// Invariants. At most one of SendQ and RecvQ is non-empty, except for a select on both sides of one channel. Buffered: Count > 0 implies RecvQ
// is empty, Count < Cap implies SendQ is empty. Closed: SendQ and RecvQ are empty.
//
// Only the holder of the P touches channels: there is no lock. A waker finishes the waiting operation for the sleeper: it copies the
// element, unhooks a select's other cases, and puts the results in the sleeper's g->R.
//
// Timer channels (Timer set) look unbuffered: len and cap are 0. A due timer is run before a receive looks at the buffer.

using System;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

using Tuza.Abi;

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
    int _pad;
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

    static byte* Slot(HChan* c, long i) => c->Buf + i * c->ElemBytes;

    /// <summary>Element copy into a place that may be in the heap.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Copy(HChan* c, byte* dst, byte* src)
    {
        if (c->ElemBytes == 0)
            return;
        if (c->ElemType->HasPointers)
            TypedMem.Move(c->ElemType, dst, src);
        else if (c->ElemBytes == 8)
            *(long*)dst = *(long*)src;
        else
            Buffer.MemoryCopy(src, dst, c->ElemBytes, c->ElemBytes);
    }

    static void Clear(HChan* c, byte* p)
    {
        if (c->ElemBytes == 0)
            return;
        if (c->ElemType->HasPointers)
            TypedMem.Clear(c->ElemType, p);
        else
            new Span<byte>(p, c->ElemBytes).Clear();
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
            // The collection, if any, happened before the first allocation; c need not be rooted here.
            c->Buf = (byte*)Alloc.NewNoCollect(g, bytes, elem);
        }
        c->ElemBytes = (ushort)elem->Size;
        c->ElemType = elem;
        c->Cap = size;
        return c;
    }

    /// <summary>Descriptor of a header whose buffer is an object of its own: its pointers are Buf and Timer.</summary>
    static TypeDesc* HeaderType()
    {
        if (s_headerType == null)
        {
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

    /// <summary>Tries to send at once. 1 done, 0 would block, -1 closed.</summary>
    internal static int TrySend(HChan* c, byte* elem)
    {
        if (c->Closed != 0)
            return -1;
        Sudog* r = c->RecvQ.Dequeue();
        if (r != null)
        {
            if (r->Elem != null)
                Copy(c, r->Elem, elem);
            Wake(r, success: true);
            return 1;
        }
        if (c->Count < c->Cap)
        {
            Copy(c, Slot(c, c->SendIndex), elem);
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
        int r = TrySend(c, elem);
        if (r > 0)
            return;
        if (r < 0)
        {
            Trampoline.Inject(g, GoCall.PanicSendClosed);
            return;
        }
        Sudog* s = Sudog.Acquire(g);
        s->Elem = elem;
        s->C = c;
        s->IsSend = 1;
        Sched.State(g)->Waiting = s;
        c->SendQ.Enqueue(s);
        Sched.State(g)->OnWake = &AfterSend;
        Sched.Park(g, WaitReason.ChanSend);
    }

    static bool AfterSend(G* g)
    {
        GState* gs = Sched.State(g);
        Sudog* s = gs->Waiting;
        gs->Waiting = null;
        bool success = s->Success != 0;
        Sudog.Release(s);
        g->R[0] = 1;
        if (!success)
        {
            gs->Inject = GoCalls.Code(GoCall.PanicSendClosed);
        }
        return true;
    }

    // ---- receive

    /// <summary>Tries to receive at once. 1 got an element, 0 would block, -1 closed and empty (elem is cleared).</summary>
    internal static int TryRecv(HChan* c, byte* elem)
    {
        if (c->Closed != 0)
        {
            if (c->Count == 0)
            {
                if (elem != null)
                    Clear(c, elem);
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
                        Copy(c, elem, s->Elem);
                }
                else
                {
                    // Full buffer: take the head, put the sender's element at the tail, which is the same slot.
                    byte* slot = Slot(c, c->RecvIndex);
                    if (elem != null)
                        Copy(c, elem, slot);
                    Copy(c, slot, s->Elem);
                    if (++c->RecvIndex == c->Cap)
                        c->RecvIndex = 0;
                    c->SendIndex = c->RecvIndex;
                }
                Wake(s, success: true);
                return 1;
            }
        }
        if (c->Count > 0)
        {
            byte* slot = Slot(c, c->RecvIndex);
            if (elem != null)
                Copy(c, elem, slot);
            Clear(c, slot);
            if (++c->RecvIndex == c->Cap)
                c->RecvIndex = 0;
            c->Count--;
            return 1;
        }
        return 0;
    }

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
            RetryAfterTimers(g, c, elem, OpRecv);
            return 0;
        }
        int r = TryRecv(c, elem);
        if (r != 0)
            return r > 0 ? 1 : 0;
        ParkRecv(g, c, elem);
        Sched.Park(g, WaitReason.ChanReceive);
        return 0;
    }

    static void ParkRecv(G* g, HChan* c, byte* elem)
    {
        Sudog* s = Sudog.Acquire(g);
        s->Elem = elem;
        s->C = c;
        Sched.State(g)->Waiting = s;
        c->RecvQ.Enqueue(s);
        Sched.State(g)->OnWake = &AfterRecv;
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
        Sudog.Release(s);
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
        Timers.Run();
        gs->OnWake = &RetryRecv;
        gs->ParkKind = ParkKind.Yield;
        Trampoline.StartUnwind(g, UnwindReason.Park);
    }

    static bool RetryRecv(G* g)
    {
        GState* gs = Sched.State(g);
        HChan* c = (HChan*)gs->Keep1;
        byte* elem = gs->Keep0;
        long op = gs->Scratch1;
        gs->Keep0 = gs->Keep1 = null;
        gs->Scratch1 = 0;
        int r = TryRecv(c, elem);
        if (op == OpRecv)
        {
            if (r == 0)
            {
                ParkRecv(g, c, elem);
                gs->Status = GStatus.Waiting;
                gs->WaitReason = WaitReason.ChanReceive;
                return false;
            }
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
        if (c->Closed != 0)
        {
            Trampoline.Inject(g, GoCall.PanicCloseClosed);
            return;
        }
        c->Closed = 1;
        for (Sudog* s; (s = c->RecvQ.Dequeue()) != null;)
        {
            if (s->Elem != null)
                Clear(c, s->Elem);
            Wake(s, success: false);
        }
        for (Sudog* s; (s = c->SendQ.Dequeue()) != null;)
            Wake(s, success: false);
    }

    static void Wake(Sudog* s, bool success)
    {
        s->Success = success ? (byte)1 : (byte)0;
        Sched.State(s->G)->Woken = s;
        Sched.Ready(s->G);
    }

    // ---- non-blocking forms (select with default) and reflection

    [GoFunc("runtime.selectnbsend", Parks = true)]
    public static int NbSend(G* g, void* ch, void* elem)
    {
        if (ch == null)
            return 0;
        int r = TrySend((HChan*)ch, (byte*)elem);
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
        int r = TryRecv(c, (byte*)elem);
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
