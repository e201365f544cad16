// How the scalars of a flattened call lie in an argument frame: for one function, or for one func type.
//
// The compiler writes it as text for every function (Emit/Images/CallLayoutText.cs); for functions that reflection makes it is
// derived here from the func type's descriptor, by the same rules (IR/Lower/Flatten.cs).
//
// On the native side the scalars are passed as the System V convention says, which .NET follows on this system: integers and pointers in
// rdi rsi rdx rcx r8 r9 (the first is G*), floats in xmm0 to xmm7, what does not fit on the stack, 8 bytes each, in order.

using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;

using Tuza.Abi;

namespace Tuza.Runtime;

/// <summary>One scalar or one address.</summary>
[StructLayout(LayoutKind.Sequential)]
struct CallItem
{
    /// <summary>Letter of CallLayoutText.</summary>
    public byte Kind;
    /// <summary>0 integer register, 1 float register, 2 stack; Place is the number within the class.</summary>
    public byte Class;
    public short Place;
    public int Offset;
    /// <summary>Memory arguments and results: their size.</summary>
    public long Bytes;
}

/// <summary>Unmanaged, made once, kept for ever.</summary>
[StructLayout(LayoutKind.Sequential)]
unsafe struct CallLayout
{
    public CallItem* Params;
    public CallItem* Results;
    public int ParamCount, ResultCount;
    public int StackWords;
    /// <summary>Hidden result addresses, which come first in Params.</summary>
    public int HiddenCount;
    public long FrameBytes;
    public bool TakesCtx;
    /// <summary>For frames made by a stub: where pointers are.</summary>
    public TypeDesc* FrameType;

    const int IntRegs = 6, FloatRegs = 8;

    static readonly Dictionary<(nint, bool), nint> s_byFunc = [];
    static readonly Dictionary<nint, nint> s_byType = [];

    public static bool IsFloat(byte kind) => kind is (byte)'h' or (byte)'k';

    /// <summary>The layout of a compiled function, called with or without ctx.</summary>
    public static CallLayout* OfFunc(FuncDesc* f, bool ctx)
    {
        if (s_byFunc.TryGetValue(((nint)f, ctx), out nint known))
            return (CallLayout*)known;
        var ps = new List<CallItem>();
        var rs = new List<CallItem>();
        List<CallItem> list = ps;
        for (int i = 0; i < f->LayoutLength;)
        {
            byte kind = f->Layout[i++];
            if (kind == '>')
            {
                list = rs;
                continue;
            }
            int at = 0;
            while (i < f->LayoutLength && f->Layout[i] is >= (byte)'0' and <= (byte)'9')
                at = at * 10 + f->Layout[i++] - '0';
            list.Add(new CallItem { Kind = kind, Offset = at });
        }
        CallLayout* layout = Make(ps, rs, ctx);
        s_byFunc.Add(((nint)f, ctx), (nint)layout);
        return layout;
    }

    /// <summary>The layout of a func value of this type; always with ctx.</summary>
    public static CallLayout* OfType(FuncTypeDesc* t)
    {
        if (s_byType.TryGetValue((nint)t, out nint known))
            return (CallLayout*)known;
        TypeDesc** types = (TypeDesc**)((byte*)t + sizeof(FuncTypeDesc) + ((t->Type.TFlag & TFlag.Uncommon) != 0 ? sizeof(UncommonTypeDesc) : 0));
        var hidden = new List<CallItem>();
        var ps = new List<CallItem>();
        var rs = new List<CallItem>();
        var words = new List<int>();
        long at = 0;
        int outs = t->OutCount & 0x7fff;
        for (int i = 0; i < t->InCount; i++)
            at = Value(ps, ps, (byte)'m', types[i], at, words);
        at = at + 7 & ~7;
        for (int i = 0; i < outs; i++)
            at = Value(rs, hidden, (byte)'M', types[t->InCount + i], at, words);
        hidden.AddRange(ps);
        CallLayout* layout = Make(hidden, rs, ctx: true);
        layout->FrameBytes = at + 7 & ~7;
        layout->FrameType = MakeFrameType(layout->FrameBytes, words);
        s_byType.Add((nint)t, (nint)layout);
        return layout;
    }

    static CallLayout* Make(List<CallItem> ps, List<CallItem> rs, bool ctx)
    {
        CallLayout* l = (CallLayout*)NativeMemory.AllocZeroed((nuint)sizeof(CallLayout));
        l->TakesCtx = ctx;
        l->Params = Copy(ps);
        l->ParamCount = ps.Count;
        l->Results = Copy(rs);
        l->ResultCount = rs.Count;
        int ints = ctx ? 2 : 1, floats = 0;
        for (int i = 0; i < ps.Count; i++)
        {
            CallItem* p = &l->Params[i];
            if (p->Kind == 'M')
                l->HiddenCount++;
            bool isFloat = IsFloat(p->Kind);
            if (isFloat ? floats < FloatRegs : ints < IntRegs)
            {
                p->Class = isFloat ? (byte)1 : (byte)0;
                p->Place = (short)(isFloat ? floats++ : ints++);
            }
            else
            {
                p->Class = 2;
                p->Place = (short)l->StackWords++;
            }
        }
        return l;
    }

    static CallItem* Copy(List<CallItem> list)
    {
        CallItem* a = (CallItem*)NativeMemory.AllocZeroed((nuint)list.Count + 1, (nuint)sizeof(CallItem));
        for (int i = 0; i < list.Count; i++)
            a[i] = list[i];
        return a;
    }

    static long Value(List<CallItem> scalars, List<CallItem> memory, byte letter, TypeDesc* t, long at, List<int> words)
    {
        at = (at + t->Align - 1) / t->Align * t->Align;
        var parts = new List<CallItem>();
        if (Flatten(t, at, parts))
            scalars.AddRange(parts);
        else
            memory.Add(new CallItem { Kind = letter, Offset = (int)at, Bytes = (long)t->Size });
        for (int w = 0; w < (int)(t->PtrBytes / 8); w++)
            if (MaskBit(t, w))
                words.Add((int)(at / 8) + w);
        return at + (long)t->Size;
    }

    static bool MaskBit(TypeDesc* t, int w)
    {
        byte* mask = t->GCData;
        if ((t->TFlag & TFlag.GCMaskOnDemand) != 0)
            mask = *(byte**)mask;
        return mask == null || (mask[w >> 3] >> (w & 7) & 1) != 0;
    }

    static bool Flatten(TypeDesc* t, long at, List<CallItem> parts)
    {
        void Put(char kind, long offset) => parts.Add(new CallItem { Kind = (byte)kind, Offset = (int)(at + offset) });
        switch (t->Kind)
        {
            case Kind.Bool or Kind.Uint8: Put('b', 0); return true;
            case Kind.Int8: Put('a', 0); return true;
            case Kind.Int16: Put('c', 0); return true;
            case Kind.Uint16: Put('d', 0); return true;
            case Kind.Int32: Put('e', 0); return true;
            case Kind.Uint32: Put('f', 0); return true;
            case Kind.Int or Kind.Int64 or Kind.Uint or Kind.Uint64 or Kind.Uintptr: Put('g', 0); return true;
            case Kind.Float32: Put('h', 0); return true;
            case Kind.Float64: Put('k', 0); return true;
            case Kind.Complex64: Put('h', 0); Put('h', 4); return true;
            case Kind.Complex128: Put('k', 0); Put('k', 8); return true;
            case Kind.Chan or Kind.Func or Kind.Map or Kind.Pointer or Kind.UnsafePointer: Put('p', 0); return true;
            case Kind.String: Put('p', 0); Put('g', 8); return true;
            case Kind.Slice: Put('p', 0); Put('g', 8); Put('g', 16); return true;
            case Kind.Interface: Put('p', 0); Put('p', 8); return true;
            case Kind.Array:
                ArrayTypeDesc* a = (ArrayTypeDesc*)t;
                return t->Size == 0 || a->Len == 1 && Flatten(a->Elem, at, parts);
            case Kind.Struct:
                StructTypeDesc* s = (StructTypeDesc*)t;
                StructFieldDesc* fields = (StructFieldDesc*)s->Fields.Array;
                int before = parts.Count;
                for (nint i = 0; i < s->Fields.Len; i++)
                    if (!Flatten(fields[i].Type, at + (long)fields[i].Offset, parts) || parts.Count - before > 4)
                        return false;
                return true;
            case Kind.Invalid:
            default:
                Throw.Fatal("reflect: argument of unknown kind");
                return false;
        }
    }

    static TypeDesc* MakeFrameType(long bytes, List<int> words)
    {
        TypeDesc* t = (TypeDesc*)NativeMemory.AllocZeroed((nuint)sizeof(TypeDesc));
        t->Size = (nuint)bytes;
        t->Kind = Kind.Struct;
        t->Align = t->FieldAlign = 8;
        if (words.Count == 0)
            return t;
        int last = 0;
        foreach (int w in words)
            last = Math.Max(last, w);
        t->PtrBytes = (nuint)(last + 1) * 8;
        t->GCData = (byte*)NativeMemory.AllocZeroed((nuint)(last / 64 + 1) * 8);
        foreach (int w in words)
            t->GCData[w >> 3] |= (byte)(1 << (w & 7));
        return t;
    }

    /// <summary>Reads a scalar from a frame: floats as bits.</summary>
    public static long Load(byte kind, byte* p) => kind switch
    {
        (byte)'a' => *(sbyte*)p,
        (byte)'b' => *p,
        (byte)'c' => *(short*)p,
        (byte)'d' => *(ushort*)p,
        (byte)'e' => *(int*)p,
        (byte)'f' or (byte)'h' => *(uint*)p,
        _ => *(long*)p,
    };

    public static void Store(byte kind, byte* p, long v)
    {
        switch (kind)
        {
            case (byte)'a' or (byte)'b':
                *p = (byte)v;
                break;
            case (byte)'c' or (byte)'d':
                *(short*)p = (short)v;
                break;
            case (byte)'e' or (byte)'f' or (byte)'h':
                *(int*)p = (int)v;
                break;
            default:
                *(long*)p = v;
                break;
        }
    }
}
