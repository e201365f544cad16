// reflect.call, makeFuncStub, methodValueCall: calls between argument frames in memory and flattened native calls.
//
// These three are Go functions written in C#: they have Go frames with maps and resume bodies, so that what they call may grow the stack, park or panic.
// They count as wrappers: recover and tracebacks look through them.
//
// One C# function serves all signatures. Outwards it passes every register of the System V convention and a block of stack words, of which the
// callee takes what its signature says. Inwards the stub declares the same superset and looks only at what the func type says. The
// result may be in rax or xmm0: a structure of one integer and one float is returned in both.

using System;
using System.Runtime.InteropServices;

using Tuza.Abi;

namespace Tuza.Runtime;

[StructLayout(LayoutKind.Sequential)]
public unsafe struct StackWords
{
    public const int Count = 64;
    public fixed long W[Count];
}

[StructLayout(LayoutKind.Sequential)]
public struct RaxXmm
{
    public long Rax;
    public double Xmm;
}

/// <summary>The symbols.</summary>
public static unsafe class ReflectCall
{
    // ---- outwards: 0 header, 8 args, 16 fn (pointer to the code word), 24 layout
    const int CallBytes = 32;
    static readonly int s_callId = Define("reflect.call"u8, CallBytes, 0b110, &ResumeCall);

    /// <summary>`call(frametype, fn, stackArgs, stackArgsSize, stackRetOffset, frameSize, regArgs)`.</summary>
    [GoFunc("reflect.call", Parks = true)]
    [GoFunc("runtime.reflectcall", Parks = true)]
    public static void Call(G* g, void* frameType, void* fn, void* args, uint argBytes, uint resultOffset, uint frameBytes, void* regs)
    {
        void* code = *(void**)fn;
        FuncDesc* f = Pcs.ByCode(code);
        if (f == null)
        {
            CallStub(g, code, fn, args);
            return;
        }
        bool ctx = (f->Flags & FuncFlags.TakesCtx) != 0 || code != FuncTable.EntryOf(f->FuncId);
        CallLayout* layout = CallLayout.OfFunc(f, ctx);
        Begin(g, layout, fn, args);
    }

    /// <summary>A func value made by reflection: its type is in the closure.</summary>
    static void CallStub(G* g, void* code, void* fn, void* args)
    {
        FuncTypeDesc* t = code == s_makeFuncCode ? ((MakeFuncImpl*)fn)->Type : code == s_methodCode ? MethodType((MethodValue*)fn) : null;
        if (t == null)
            Throw.Fatal("reflect: call of a function that is not known");
        Begin(g, CallLayout.OfType(t), fn, args);
    }

    static void Begin(G* g, CallLayout* layout, void* fn, void* args)
    {
        byte* nsp = g->Sp - CallBytes;
        if (nsp < g->Guard)
        {
            g->Args[0] = (ulong)fn;
            g->Args[1] = (ulong)args;
            g->ArgCount = 2;
            Stacks.MoreStack(g, CallBytes);
            fn = (void*)g->Args[0];
            args = (void*)g->Args[1];
            if (g->Unwinding != UnwindReason.None)
            {
                byte* frame = g->UnwindFp;
                Fill(frame, s_callId, SiteDesc.Entry, args, fn, layout);
                g->UnwindFp = frame + CallBytes;
                return;
            }
            nsp = g->Sp - CallBytes;
        }
        Fill(nsp, s_callId, SiteDesc.FirstCall, args, fn, layout);
        g->Sp = nsp;
        Run(g, nsp);
    }

    static void Fill(byte* fp, int id, int site, void* args, void* fn, CallLayout* layout)
    {
        *(ulong*)fp = (ulong)(uint)id << 32 | (uint)site;
        *(void**)(fp + 8) = args;
        *(void**)(fp + 16) = fn;
        *(CallLayout**)(fp + 24) = layout;
    }

    static void Run(G* g, byte* fp)
    {
        byte* args = *(byte**)(fp + 8);
        void* fn = *(void**)(fp + 16);
        CallLayout* l = *(CallLayout**)(fp + 24);
        if (l->StackWords > StackWords.Count)
            Throw.Fatal("reflect: call with too many arguments");
        long* ints = stackalloc long[8];
        double* floats = stackalloc double[8];
        StackWords stack = default;
        if (l->TakesCtx)
            ints[1] = (long)fn;
        for (int i = 0; i < l->ParamCount; i++)
        {
            CallItem* p = &l->Params[i];
            byte* at = args + p->Offset;
            long v = p->Kind is (byte)'m' or (byte)'M' ? (long)at : CallLayout.Load(p->Kind, at);
            if (p->Class == 0)
                ints[p->Place] = v;
            else if (p->Class == 1)
                floats[p->Place] = BitConverter.Int64BitsToDouble(v);
            else
                stack.W[p->Place] = v;
        }
        void* code = *(void**)fn;
        RaxXmm r = l->StackWords == 0
            ? ((delegate*<G*, long, long, long, long, long, double, double, double, double, double, double, double, double, RaxXmm>)code)(
                g, ints[1], ints[2], ints[3], ints[4], ints[5], floats[0], floats[1], floats[2], floats[3], floats[4], floats[5], floats[6], floats[7])
            : ((delegate*<G*, long, long, long, long, long, double, double, double, double, double, double, double, double, StackWords, RaxXmm>)code)(
                g, ints[1], ints[2], ints[3], ints[4], ints[5], floats[0], floats[1], floats[2], floats[3], floats[4], floats[5], floats[6], floats[7], stack);
        if (g->Sp != fp)
        {
            if (g->Unwinding != UnwindReason.None)
            {
                g->UnwindFp += CallBytes;
                return;
            }
            fp = g->Sp;
        }
        if (l->ResultCount > 0)
            g->R[0] = CallLayout.IsFloat(l->Results[0].Kind) ? (ulong)BitConverter.DoubleToInt64Bits(r.Xmm) : (ulong)r.Rax;
        Finish(g, fp);
    }

    static void Finish(G* g, byte* fp)
    {
        byte* args = *(byte**)(fp + 8);
        CallLayout* l = *(CallLayout**)(fp + 24);
        for (int i = 0; i < l->ResultCount; i++)
            CallLayout.Store(l->Results[i].Kind, args + l->Results[i].Offset, (long)g->R[i]);
        g->Sp = fp + CallBytes;
    }

    static void ResumeCall(G* g)
    {
        byte* fp = g->Sp;
        if (*(uint*)fp == SiteDesc.Entry)
        {
            *(uint*)fp = SiteDesc.FirstCall;
            Run(g, fp);
        }
        else
        {
            Finish(g, fp);
        }
    }

    // ---- inwards: 0 header, 8 ctx, 16 frame, 24.. up to four hidden results, 56 retValid, 64 regs
    const int StubBytes = 80, MaxHidden = 4;
    static readonly int s_funcStubId = Define("reflect.makeFuncStub"u8, StubBytes, 0b1111110, &ResumeFuncStub);
    static readonly int s_methodStubId = Define("reflect.methodValueCall"u8, StubBytes, 0b1111110, &ResumeMethodStub);

    static readonly void* s_makeFuncCode = Code(nameof(MakeFuncStub));
    static readonly void* s_methodCode = Code(nameof(MethodValueCall));

    static void* Code(string name) => (void*)typeof(ReflectCall).GetMethod(name)!.MethodHandle.GetFunctionPointer();

    /// <summary>reflect's makeFuncImpl.</summary>
    [StructLayout(LayoutKind.Sequential)]
    struct MakeFuncImpl
    {
        public void* Code;
        public void* Stack;
        public nuint ArgLen;
        public nuint RegPtrs;
        public FuncTypeDesc* Type;
    }

    /// <summary>reflect's methodValue: the receiver is a reflect.Value.</summary>
    [StructLayout(LayoutKind.Sequential)]
    struct MethodValue
    {
        public void* Code;
        public void* Stack;
        public nuint ArgLen;
        public nuint RegPtrs;
        public long Method;
        public TypeDesc* ReceiverType;
        public void* Receiver;
        public nuint Flag;
    }

    static FuncTypeDesc* MethodType(MethodValue* m)
    {
        TypeDesc* t = m->ReceiverType;
        if (t->Kind == Kind.Interface)
            return (FuncTypeDesc*)TypeTable.TypeAt(((Imethod*)((InterfaceTypeDesc*)t)->Methods.Array)[m->Method].Type, t);
        UncommonTypeDesc* u = TypeTable.Uncommon(t);
        return (FuncTypeDesc*)TypeTable.TypeAt(((MethodDesc*)((byte*)u + u->MethodsOffset))[m->Method].Mtyp, t);
    }

    /// <summary>Code word of every func value made by reflect.MakeFunc.</summary>
    [GoFunc("reflect.makeFuncStub", Parks = true)]
    public static RaxXmm MakeFuncStub(G* g, void* ctx, long i2, long i3, long i4, long i5,
        double f0, double f1, double f2, double f3, double f4, double f5, double f6, double f7, StackWords stack)
    {
        long* ints = stackalloc long[6] { 0, 0, i2, i3, i4, i5 };
        double* floats = stackalloc double[8] { f0, f1, f2, f3, f4, f5, f6, f7 };
        return Stub(g, ctx, CallLayout.OfType(((MakeFuncImpl*)ctx)->Type), s_funcStubId, ints, floats, stack.W);
    }

    /// <summary>Code word of every method value made by reflection.</summary>
    [GoFunc("reflect.methodValueCall", Parks = true)]
    public static RaxXmm MethodValueCall(G* g, void* ctx, long i2, long i3, long i4, long i5,
        double f0, double f1, double f2, double f3, double f4, double f5, double f6, double f7, StackWords stack)
    {
        long* ints = stackalloc long[6] { 0, 0, i2, i3, i4, i5 };
        double* floats = stackalloc double[8] { f0, f1, f2, f3, f4, f5, f6, f7 };
        return Stub(g, ctx, CallLayout.OfType(MethodType((MethodValue*)ctx)), s_methodStubId, ints, floats, stack.W);
    }

    static long* Place(CallItem* p, long* ints, double* floats, long* stack) =>
        p->Class == 0 ? ints + p->Place : p->Class == 1 ? (long*)(floats + p->Place) : stack + p->Place;

    static RaxXmm Stub(G* g, void* ctx, CallLayout* l, int id, long* ints, double* floats, long* stack)
    {
        if (l->HiddenCount > MaxHidden)
            Throw.Fatal("reflect: made function with too many large results");
        // The prologue may move the stack and the allocation may collect: all pointers go where they are seen. No unwinding here (Locks).
        byte* fp = g->Sp - StubBytes;
        if (fp < g->Guard)
        {
            Hand(g, ctx, l, ints, floats, stack, back: false);
            Sched.State(g)->Locks++;
            Stacks.MoreStack(g, StubBytes);
            Sched.State(g)->Locks--;
            ctx = Hand(g, ctx, l, ints, floats, stack, back: true);
            fp = g->Sp - StubBytes;
        }
        new Span<byte>(fp, StubBytes).Clear();
        *(ulong*)fp = (ulong)(uint)id << 32 | SiteDesc.FirstCall;
        *(void**)(fp + 8) = ctx;
        for (int i = 0; i < l->HiddenCount; i++)
            *(long*)(fp + 24 + 8 * i) = *Place(&l->Params[i], ints, floats, stack);
        g->Sp = fp;
        Hand(g, ctx, l, ints, floats, stack, back: false);
        byte* frame = (byte*)Alloc.New(g, (nuint)l->FrameBytes, l->FrameType);
        g->ArgCount = 0;
        *(byte**)(fp + 16) = frame;
        for (int i = l->HiddenCount; i < l->ParamCount; i++)
        {
            CallItem* p = &l->Params[i];
            long v = *Place(p, ints, floats, stack);
            if (p->Kind == 'm')
                Buffer.MemoryCopy((void*)v, frame + p->Offset, p->Bytes, p->Bytes);
            else
                CallLayout.Store(p->Kind, frame + p->Offset, v);
        }
        void* code = GoCalls.Code(id == s_funcStubId ? GoCall.CallReflect : GoCall.CallMethod);
        ((delegate*<G*, void*, void*, void*, void*, void>)code)(g, ctx, frame, fp + 56, fp + 64);
        if (g->Sp != fp)
        {
            if (g->Unwinding != UnwindReason.None)
            {
                g->UnwindFp += StubBytes;
                return default;
            }
            fp = g->Sp;
        }
        FinishStub(g, fp, l);
        RaxXmm r = default;
        if (l->ResultCount > 0)
        {
            r.Rax = (long)g->R[0];
            r.Xmm = BitConverter.UInt64BitsToDouble(g->R[0]);
        }
        return r;
    }

    /// <summary>Puts all pointers among the parameters into g->Args, or takes them back.</summary>
    static void* Hand(G* g, void* ctx, CallLayout* l, long* ints, double* floats, long* stack, bool back)
    {
        const int MaxArgs = 64;
        int n = 1;
        if (back)
            ctx = (void*)g->Args[0];
        else
            g->Args[0] = (ulong)ctx;
        for (int i = 0; i < l->ParamCount && n < MaxArgs; i++)
        {
            CallItem* p = &l->Params[i];
            if (p->Kind is not ((byte)'p' or (byte)'m' or (byte)'M'))
                continue;
            long* place = Place(p, ints, floats, stack);
            if (back)
                *place = (long)g->Args[n++];
            else
                g->Args[n++] = (ulong)*place;
        }
        if (!back)
            g->ArgCount = n;
        return ctx;
    }

    /// <summary>Takes the results out of the frame into g->R and the caller's memory, and pops.</summary>
    static void FinishStub(G* g, byte* fp, CallLayout* l)
    {
        byte* frame = *(byte**)(fp + 16);
        for (int i = 0; i < l->ResultCount; i++)
            g->R[i] = (ulong)CallLayout.Load(l->Results[i].Kind, frame + l->Results[i].Offset);
        for (int i = 0; i < l->HiddenCount; i++)
            Buffer.MemoryCopy(frame + l->Params[i].Offset, *(byte**)(fp + 24 + 8 * i), l->Params[i].Bytes, l->Params[i].Bytes);
        g->Sp = fp + StubBytes;
    }

    static void ResumeFuncStub(G* g) => FinishStub(g, g->Sp, CallLayout.OfType((*(MakeFuncImpl**)(g->Sp + 8))->Type));

    static void ResumeMethodStub(G* g) => FinishStub(g, g->Sp, CallLayout.OfType(MethodType(*(MethodValue**)(g->Sp + 8))));

    // ---- descriptors

    static int Define(ReadOnlySpan<byte> name, int frameBytes, ulong pointers, delegate*<G*, void> resume)
    {
        const int Sites = 3;
        int id = FuncTable.Reserve(1);
        FuncDesc* f = FuncTable.Get(id);
        f->FuncId = id;
        f->FrameBytes = frameBytes;
        f->Resume = resume;
        f->Flags = FuncFlags.Wrapper;
        f->SiteCount = Sites;
        f->Sites = (SiteDesc*)NativeMemory.AllocZeroed(Sites, (nuint)sizeof(SiteDesc));
        ulong* mask = (ulong*)NativeMemory.AllocZeroed(8);
        *mask = pointers;
        for (int i = 0; i < Sites; i++)
        {
            f->Sites[i].Inline = -1;
            f->Sites[i].PtrMask = mask;
            f->Sites[i].PtrWordCount = frameBytes / 8;
        }
        f->Name = (byte*)NativeMemory.Alloc((nuint)name.Length);
        name.CopyTo(new Span<byte>(f->Name, name.Length));
        f->NameLength = name.Length;
        f->File = f->Name;
        return id;
    }
}
