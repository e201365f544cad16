// All functions that have a frame, by number. The loader adds descriptors; frame headers name them by number.
//
// A "pc" of package runtime is not an address of machine code: it packs function, site and depth of inlining, so that Caller, Callers,
// FuncForPC and tracebacks need no unwinder of .NET. pc-1 still names the same site, as Go code expects.
//
//   63      56 55            28 27          8 7        2 1 0
//   [   1     ][ function id   ][ site        ][ inline  ][ 2 ]
//
// The table is reserved once, so that it never moves.

using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using System.Threading;

using Tuza.Abi;

namespace Tuza.Runtime;

/// <summary>Function descriptors by number, and the packed program counters.</summary>
public static unsafe class FuncTab
{
    const int Capacity = 1 << 22;
    const ulong PcTag = 1UL << 56;

    static readonly FuncDesc** s_table = (FuncDesc**)NativeMemory.AllocZeroed(Capacity, (nuint)sizeof(FuncDesc*));
    static readonly Lock s_lock = new();
    static readonly Dictionary<nuint, int> s_byEntry = [];
    static int s_count = 1; // 0 is no function

    public static int Count => s_count;

    /// <summary>Gives the function its number.</summary>
    public static int Add(FuncDesc* func)
    {
        lock (s_lock)
        {
            if (s_count == Capacity)
                throw new InvalidOperationException("FuncTab.Add: too many functions");
            func->FuncId = s_count;
            s_table[s_count] = func;
            return s_count++;
        }
    }

    /// <summary>Makes a code word known, so that FuncForPC and tracebacks can name it.</summary>
    public static void AddEntry(void* code, int funcId)
    {
        lock (s_lock)
            s_byEntry[(nuint)code] = funcId;
    }

    public static FuncDesc* Get(uint id) => id < (uint)s_count ? s_table[id] : null;

    public static FuncDesc* ByCode(void* code)
    {
        lock (s_lock)
            return s_byEntry.TryGetValue((nuint)code, out int id) ? s_table[id] : null;
    }

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
                n++;
        return n;
    }

    /// <summary>The logical frame at <paramref name="depth"/> (0 innermost) of a site.</summary>
    public static LogicalFrame Frame(FuncDesc* func, int site, int depth)
    {
        bool known = site < func->SiteCount;
        LogicalFrame f = default;
        f.Func = func;
        f.Line = known ? func->Sites[site].Line : func->StartLine;
        int i = known && func->Inlines != null ? func->Sites[site].Inline : -1;
        while (i >= 0 && depth > 0)
        {
            f.Line = func->Inlines[i].CallLine;
            i = func->Inlines[i].Parent;
            depth--;
        }
        if (i >= 0)
        {
            InlineDesc* d = &func->Inlines[i];
            (f.Name, f.NameLength, f.File, f.FileLength, f.StartLine, f.Flags) = (d->Name, d->NameLength, d->File, d->FileLength, d->StartLine, d->Flags);
            f.Inlined = true;
        }
        else
        {
            (f.Name, f.NameLength, f.File, f.FileLength, f.StartLine, f.Flags) =
                (func->Name, func->NameLength, func->File, func->FileLength, func->StartLine, func->Flags);
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
    public bool Inlined;

    public readonly ReadOnlySpan<byte> NameText => new(Name, NameLength);

    public readonly ReadOnlySpan<byte> FileText => new(File, FileLength);
}
