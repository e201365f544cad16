// Program counters of package runtime, and logical frames.
//
// A "pc" of package runtime is not an address of machine code: it packs function, site and depth of inlining, so that Caller, Callers,
// FuncForPC and tracebacks need no unwinder of .NET. pc-1 still names the same site, as Go code expects.
//
//   63      56 55            28 27          8 7        2 1 0
//   [   1     ][ function id   ][ site        ][ inline  ][ 2 ]

using System;

using Tuza.Abi;

namespace Tuza.Runtime;

/// <summary>Packed program counters and what they say.</summary>
public static unsafe class Pcs
{
    const ulong PcTag = 1UL << 56;

    /// <summary>The descriptor of a function id, or null if there is none.</summary>
    public static FuncDesc* Get(uint id)
    {
        if (id == 0 || id >= (uint)FuncTable.Count)
            return null;
        FuncDesc* f = FuncTable.Get((int)id);
        return f->FuncId == 0 ? null : f;
    }

    public static FuncDesc* ByCode(void* code) => FuncTable.FindByCode(code);

    public static ulong Pc(uint funcId, int site, int depth) => PcTag | (ulong)funcId << 28 | (ulong)(uint)site << 8 | (ulong)(uint)depth << 2 | 2;

    public static bool IsPc(ulong pc) => pc >> 56 == 1;

    public static uint PcFunc(ulong pc) => (uint)(pc >> 28) & 0xfffffff;

    public static int PcSite(ulong pc) => (int)(pc >> 8) & 0xfffff;

    public static int PcDepth(ulong pc) => (int)(pc >> 2) & 63;

    /// <summary>Number of logical frames at a site: inlined bodies and the function itself.</summary>
    public static int Depth(FuncDesc* func, int site)
    {
        int n = 1;
        if (func->Inlines != null && site < func->SiteCount)
            for (int i = func->Sites[site].Inline; i >= 0; i = func->Inlines[i].Parent)
                n += (func->Inlines[i].Flags & FuncFlags.OtherFile) == 0 ? 1 : 0;
        return n;
    }

    /// <summary>Steps over a record that only names the file of the place it stands for.</summary>
    static InlineDesc* OtherFile(FuncDesc* func, ref int i)
    {
        if (i < 0 || (func->Inlines[i].Flags & FuncFlags.OtherFile) == 0)
            return null;
        InlineDesc* d = &func->Inlines[i];
        i = d->Parent;
        return d;
    }

    /// <summary>The logical frame at <paramref name="depth"/> (0 innermost) of a site.</summary>
    public static LogicalFrame Frame(FuncDesc* func, int site, int depth)
    {
        bool known = site < func->SiteCount;
        LogicalFrame f = default;
        f.Func = func;
        f.Line = known ? func->Sites[site].Line : func->StartLine;
        int i = known && func->Inlines != null ? func->Sites[site].Inline : -1;
        InlineDesc* other = OtherFile(func, ref i);
        while (i >= 0 && depth > 0)
        {
            f.Line = func->Inlines[i].CallLine;
            i = func->Inlines[i].Parent;
            other = OtherFile(func, ref i);
            depth--;
        }
        if (i >= 0)
        {
            InlineDesc* d = &func->Inlines[i];
            f.Name = d->Name;
            f.NameLength = d->NameLength;
            f.File = d->File;
            f.FileLength = d->FileLength;
            f.StartLine = d->StartLine;
            f.Flags = d->Flags;
            f.Body = d;
        }
        else
        {
            f.Name = func->Name;
            f.NameLength = func->NameLength;
            f.File = func->File;
            f.FileLength = func->FileLength;
            f.StartLine = func->StartLine;
            f.Flags = func->Flags;
        }
        if (other != null)
        {
            f.File = other->File;
            f.FileLength = other->FileLength;
        }
        return f;
    }
}

/// <summary>One line of a traceback.</summary>
public unsafe struct LogicalFrame
{
    public FuncDesc* Func;
    public byte* Name;
    public byte* File;
    public int NameLength;
    public int FileLength;
    public int Line;
    public int StartLine;
    public FuncFlags Flags;
    /// <summary>The inlined body that the frame is, or null for a function's own.</summary>
    public InlineDesc* Body;

    public readonly bool Inlined => Body != null;

    public readonly ReadOnlySpan<byte> NameText => new(Name, NameLength);

    public readonly ReadOnlySpan<byte> FileText => new(File, FileLength);
}
