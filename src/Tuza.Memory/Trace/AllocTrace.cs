// What is known of each object when allocations are traced: its type, and the stack of calls that made it.
//
// Idea. Off, it costs nothing: fast paths do not know of it. On (MCache.Trace), the free slots of windows are kept where fast paths do not look, so
// that every allocation of a new slot comes through the allocator's slow path, which notes the call stack; entry points that know the type add it. Tiny objects share a block: what is noted is
// the first one's, but all are counted.
//
// Notes lie beside the heap: per arena as much address space again, of which pages are touched where objects begin. A note is the 8 bytes at the
// offset of the object's slot: the index of the type, the cycle in which it was born plus one, the index of the stack, each 0 when unknown. Nothing is erased: a
// slot's next object overwrites the note. What does not fit is unknown.
//
// The stack is the runtime's knowledge: StackOf, set by it, gives a number to the stack of the running goroutine.

using System.Collections.Generic;
using System.Threading;

using Tuza.Abi;

namespace Tuza.Memory;

/// <summary>Types and call stacks of objects.</summary>
public static unsafe class AllocTrace
{
    const int TypeBits = 20, BirthBits = 20, StackBits = 24, BirthShift = TypeBits, StackShift = TypeBits + BirthBits;
    const ulong TypeMask = (1UL << TypeBits) - 1;

    /// <summary>The age of objects whose birth is not known.</summary>
    public const uint UnknownAge = uint.MaxValue;

    static readonly nint* s_arenas = (nint*)System.Runtime.InteropServices.NativeMemory.AllocZeroed(ArenaMap.Slots / 4096, (nuint)sizeof(nint));
    static readonly Dictionary<nint, uint> s_typeIds = [];
    static readonly List<nint> s_types = [0];
    static readonly Lock s_lock = new();

    /// <summary>Numbers the stack of the goroutine that runs on this cache and makes so many bytes; 0 if there is none.</summary>
    public static delegate*<MCache*, long, uint> StackOf { get; set; } = &NoStack;

    static uint NoStack(MCache* c, long bytes) => 0;

    /// <summary>A type by its index in notes; null for 0.</summary>
    public static TypeDesc* TypeAt(uint index)
    {
        lock (s_lock)
            return index < (uint)s_types.Count ? (TypeDesc*)s_types[(int)index] : null;
    }

    /// <summary>A new slot was taken. Slow path of the allocator.</summary>
    public static void Born(MCache* c, byte* slot, long bytes)
    {
        TraceState* state = c->Tracing;
        if (state == null)
            c->Tracing = state = (TraceState*)System.Runtime.InteropServices.NativeMemory.AllocZeroed((nuint)sizeof(TraceState));
        nuint arena = (nuint)slot >> HeapConsts.ArenaShift;
        if (state->Side == 0 || state->Arena != arena)
        {
            state->Side = SideOf((nuint)slot);
            state->Arena = arena;
        }
        state->Slot = slot;
        state->Note = (ulong*)(state->Side + (nint)Offset((nuint)slot));
        uint stack = StackOf(c, bytes);
        ulong birth = (ulong)MHeap.Current->Gc.CycleCount + 1;
        *state->Note = (stack >> StackBits == 0 ? (ulong)stack << StackShift : 0) | (birth >> BirthBits == 0 ? birth << BirthShift : 0);
    }

    /// <summary>A tiny object was put into a block that is there.</summary>
    public static void Joined(MCache* c, long bytes)
    {
        if (c->Tracing != null)
            _ = StackOf(c, bytes);
    }

    /// <summary>What lies in the slot of p, made on this cache, is of type t, or several of these in a row.</summary>
    public static void SetType(MCache* c, void* p, TypeDesc* t)
    {
        TraceState* state = c->Tracing;
        if (state == null)
            return;
        ulong* note = state->Note;
        if (state->Slot != p && state->Slot + HeapConsts.MallocHeaderBytes != p)
        {
            if (!FindObject.Find((nuint)p, out FoundObject o))
                return;
            note = NoteOf((nuint)o.Slot);
        }
        var types = (TraceState.KnownType*)&state->Types;
        TraceState.KnownType* known = types + (((nuint)t >> 5) & (TraceState.KnownTypes - 1));
        if (known->Type != t)
            *known = new TraceState.KnownType { Type = t, Id = TypeId(t) };
        *note = *note & ~TypeMask | (known->Id <= TypeMask ? known->Id : 0);
    }

    /// <summary>The note of the object in a slot.</summary>
    public static (uint Type, uint Stack, uint Age) Read(byte* slot)
    {
        nint side = Volatile.Read(ref *Entry((nuint)slot));
        if (side == 0)
            return (0, 0, UnknownAge);
        ulong note = *(ulong*)(side + (nint)Offset((nuint)slot));
        uint birth = (uint)(note >> BirthShift) & ((1U << BirthBits) - 1);
        return ((uint)(note & TypeMask), (uint)(note >> StackShift), birth == 0 ? UnknownAge : (uint)MHeap.Current->Gc.CycleCount + 1 - birth);
    }

    static nuint Offset(nuint address) => address & (nuint)(HeapConsts.ArenaBytes - 1) & ~(nuint)7;

    // Two levels, as arenas of one process lie close together.
    static nint* Entry(nuint address)
    {
        nuint arena = address >> HeapConsts.ArenaShift;
        nint* chunk = (nint*)Volatile.Read(ref s_arenas[arena / 4096]);
        if (chunk == null)
        {
            lock (s_lock)
            {
                chunk = (nint*)s_arenas[arena / 4096];
                if (chunk == null)
                    s_arenas[arena / 4096] = (nint)(chunk = (nint*)System.Runtime.InteropServices.NativeMemory.AllocZeroed(4096, (nuint)sizeof(nint)));
            }
        }
        return chunk + arena % 4096;
    }

    static ulong* NoteOf(nuint slot) => (ulong*)(SideOf(slot) + (nint)Offset(slot));

    /// <summary>The notes of the arena around a slot.</summary>
    static nint SideOf(nuint slot)
    {
        nint* entry = Entry(slot);
        nint side = Volatile.Read(ref *entry);
        if (side == 0)
        {
            lock (s_lock)
            {
                if (*entry == 0)
                    *entry = (nint)MHeap.OsAllocLazy((nuint)HeapConsts.ArenaBytes);
                side = *entry;
            }
        }
        return side;
    }

    static uint TypeId(TypeDesc* t)
    {
        lock (s_lock)
        {
            if (!s_typeIds.TryGetValue((nint)t, out uint id))
            {
                id = (uint)s_types.Count;
                s_types.Add((nint)t);
                s_typeIds[(nint)t] = id;
            }
            return id;
        }
    }
}

/// <summary>What a cache remembers while it traces: most allocations are like one lately.</summary>
public unsafe struct TraceState
{
    public const int KnownTypes = 64;

    public struct KnownType
    {
        public TypeDesc* Type;
        public uint Id;
    }

    [System.Runtime.CompilerServices.InlineArray(KnownTypes)]
    public struct TypeTable
    {
        KnownType _first;
    }

    /// <summary>The last slot, and its note.</summary>
    public byte* Slot;
    public ulong* Note;
    /// <summary>The arena of the last slot, and its notes.</summary>
    public nuint Arena;
    public nint Side;
    /// <summary>Owned by who numbers the stacks.</summary>
    public void* Stacks;
    public TypeTable Types;
}
