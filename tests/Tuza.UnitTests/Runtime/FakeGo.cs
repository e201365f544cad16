// Functions that behave like emitted ones: frames, headers, unwinding, resume bodies, written by hand.

using System.Runtime.InteropServices;
using System.Text;
using Tuza.Abi;
using Tuza.Runtime;

namespace Tuza.UnitTests.Runtime;

/// <summary>Starts the runtime once for the tests of this folder.</summary>
public sealed unsafe class RuntimeFixture
{
    public RuntimeFixture() => Sched.Init(Gc.Init());
}

/// <summary>Descriptors for functions of tests.</summary>
static unsafe class FakeGo
{
    /// <summary>A function with three sites; every site has the same pointer words.</summary>
    public static int Define(string name, int frameBytes, ulong pointers, delegate*<G*, void> resume)
    {
        int id = FuncTable.Reserve(1);
        FuncDesc* f = FuncTable.Get(id);
        f->FuncId = id;
        f->FrameBytes = frameBytes;
        f->Resume = resume;
        f->SiteCount = 4;
        ulong* mask = (ulong*)NativeMemory.AllocZeroed(8 + 4 * (nuint)sizeof(SiteDesc));
        *mask = pointers;
        f->Sites = (SiteDesc*)(mask + 1);
        for (int i = 0; i < 4; i++)
        {
            f->Sites[i].Line = 10 + i;
            f->Sites[i].Inline = -1;
            f->Sites[i].MaskDistance = (int)((byte*)mask - (byte*)&f->Sites[i]);
            f->Sites[i].PtrWordCount = frameBytes / 8;
        }
        byte[] text = Encoding.UTF8.GetBytes(name);
        f->Name = (byte*)NativeMemory.Alloc((nuint)text.Length);
        f->NameLength = text.Length;
        Marshal.Copy(text, 0, (nint)f->Name, text.Length);
        f->File = f->Name;
        f->FileLength = text.Length;
        return id;
    }

    public static ulong Header(int id, int site) => (ulong)(uint)id << 32 | (uint)site;

    /// <summary>A funcval of a function that takes (G*, ctx).</summary>
    public static FuncVal* Func(delegate*<G*, void*, void> code)
    {
        FuncVal* f = (FuncVal*)NativeMemory.AllocZeroed(16);
        f->Code = code;
        return f;
    }

    public static void Go(delegate*<G*, void*, void> code)
    {
        G* g = Sched.NewG(Func(code), null);
        Sched.Ready(g);
    }

    /// <summary>The prologue of a function without pointer parameters; null: unwind at once (the frame is pushed, header still to be written).</summary>
    public static byte* Enter(G* g, int frameBytes, out bool unwound)
    {
        unwound = false;
        byte* nsp = g->Sp - frameBytes;
        if (nsp < g->Guard)
        {
            Stacks.MoreStack(g, frameBytes);
            if (g->Unwinding != UnwindReason.None)
            {
                unwound = true;
                return g->UnwindFp;
            }
            nsp = g->Sp - frameBytes;
        }
        g->Sp = nsp;
        return nsp;
    }

    /// <summary>A channel of 8-byte elements.</summary>
    public static HChan* MakeChan(long size)
    {
        HChan* c = (HChan*)NativeMemory.AllocZeroed(112 + (nuint)size * 8);
        TypeDesc* t = (TypeDesc*)NativeMemory.AllocZeroed((nuint)sizeof(TypeDesc));
        t->Size = 8;
        c->Buf = (byte*)c + 112;
        c->Cap = size;
        c->ElemBytes = 8;
        c->ElemType = t;
        return c;
    }
}
