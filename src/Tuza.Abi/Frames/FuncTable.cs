// The table of all functions of the process, and what an image's class takes over at its initialisation.
//
// A function id (high half of a frame header) indexes this table. Ids are given out by the loader, one dense range per image. Descriptors
// are immutable except for two words that are filled on first use, because making native code addresses costs time at start-up:
//   Resume  starts as a stub that asks the loader for the resume body of the function in the header, and calls it;
//   Entry   is null until EntryOf is called.
// Chunks never move; readers need no lock.

using System;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Threading;

namespace Tuza.Abi;

public static unsafe class FuncTable
{
    const int ChunkBits = 10, ChunkSize = 1 << ChunkBits, MaxChunks = 1 << 14;

    static readonly FuncDesc** s_chunks = (FuncDesc**)NativeMemory.AllocZeroed(MaxChunks, (nuint)sizeof(void*));
    static readonly Lock s_lock = new();
    static int s_count = 1; // id 0 is no function

    /// <summary>Set by the loader: native code of the function's entry; with resume, of its resume body.</summary>
    public static Func<int, bool, nint> Binder { get; set; } = static (_, _) => 0;

    /// <summary>Set by the loader: id of the function whose code word (entry, thunk) this is, or 0.</summary>
    public static Func<nint, int> Finder { get; set; } = static _ => 0;

    /// <summary>Set by the loader: id of the function with this link name, or 0.</summary>
    public static Func<string, int> ByName { get; set; } = static _ => 0;

    /// <summary>Ids below this may exist.</summary>
    public static int Count => Volatile.Read(ref s_count);

    /// <summary>Gives out count consecutive ids; returns the first.</summary>
    public static int Reserve(int count)
    {
        lock (s_lock)
        {
            int first = s_count, end = first + count;
            if (end > MaxChunks * ChunkSize)
                throw new InvalidOperationException("too many functions");
            for (int c = first >> ChunkBits; c <= (end - 1) >> ChunkBits; c++)
                if (s_chunks[c] == null)
                    s_chunks[c] = (FuncDesc*)NativeMemory.AllocZeroed(ChunkSize, (nuint)sizeof(FuncDesc));
            Volatile.Write(ref s_count, end);
            return first;
        }
    }

    /// <summary>The address is that of an entry.</summary>
    public static bool Contains(void* p)
    {
        for (int c = 0; c <= (Count - 1) >> ChunkBits; c++)
            if (p >= s_chunks[c] && p < s_chunks[c] + ChunkSize)
                return true;
        return false;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static FuncDesc* Get(int id) => &s_chunks[id >> ChunkBits][id & (ChunkSize - 1)];

    /// <summary>The function of the frame at fp.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static FuncDesc* OfFrame(byte* fp) => Get(((int*)fp)[1]);

    /// <summary>The site of the frame at fp.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SiteDesc* SiteOfFrame(byte* fp) => &OfFrame(fp)->Sites[*(int*)fp];

    /// <summary>Native code of the function (made on first use), to be called with its flattened signature.</summary>
    public static void* EntryOf(int id)
    {
        FuncDesc* f = Get(id);
        void* code = f->Entry;
        return code != null ? code : f->Entry = (void*)Binder(id, false);
    }

    /// <summary>The function whose code word this is, or null. For funcvals and itabs: the code word of a thunk finds its function.</summary>
    public static FuncDesc* FindByCode(void* code)
    {
        int id = Finder((nint)code);
        return id == 0 ? null : Get(id);
    }

    /// <summary>First value of every resumable function's Resume.</summary>
    public static readonly delegate*<G*, void> ResumeStub = &BindAndResume;

    static void BindAndResume(G* g)
    {
        FuncDesc* f = OfFrame(g->Sp);
        f->Resume = (delegate*<G*, void>)Binder(f->FuncId, true);
        f->Resume(g);
    }
}

/// <summary>Words that the static constructor of an image's class copies into its read-only fields, so that the JIT folds them into constants.</summary>
public static unsafe class ImageStatics
{
    /// <summary>Set by the loader, under its lock, while it runs the class constructor: header base, data segment, import table, address of the barrier's flag.</summary>
    public static nint* Next { get; set; }

    /// <summary>Called by the .cctor of an image.</summary>
    public static nint Take(int i) => Next[i];

    /// <summary>A frame header names a site at which its function cannot be resumed.</summary>
    public static void BadResume(int index) => throw new InvalidOperationException($"function {index} of its image cannot be resumed at the site in its frame");

    /// <summary>Somebody called a function that has no body in any image of the program.</summary>
    public static void MissingSymbol(string symbol) => Missing($"function {symbol} has no body in any package of the program");

    /// <summary>Set by the loader: ends the process with this message.</summary>
    public static Action<string> Missing { get; set; } = static message => throw new MissingMethodException(message);
}
