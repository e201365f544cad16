// What is known of each object when allocations are traced: its type, and the stack of calls that made it.
//
// Idea. Off, it costs nothing: fast paths do not know of it. On (MCache.Trace), windows hold one slot, so that every allocation of a new slot comes
// through the allocator's slow path, which notes the call stack; entry points that know the type add it. Tiny objects share a block: what is noted is
// the first one's.
//
// Notes lie beside the heap: per arena as much address space again, of which pages are touched where objects begin. A note is the 8 bytes at the
// offset of the object's slot: low half the index of the type, high half the index of the stack, both 0 when unknown. Nothing is erased: a
// slot's next object overwrites the note.
//
// The stack is the runtime's knowledge: StackOf, set by it, gives a number to the stack of the running goroutine.

using System;
using System.Collections.Generic;
using System.Threading;

using Tuza.Abi;

namespace Tuza.Memory;

/// <summary>Types and call stacks of objects.</summary>
public static unsafe class AllocTrace
{
    static readonly nint* s_arenas = (nint*)System.Runtime.InteropServices.NativeMemory.AllocZeroed(ArenaMap.Slots / 4096, (nuint)sizeof(nint));
    static readonly Dictionary<nint, uint> s_typeIds = [];
    static readonly List<nint> s_types = [0];
    static readonly Lock s_lock = new();

    /// <summary>Numbers the stack of the goroutine that runs on this cache; 0 if there is none.</summary>
    public static delegate*<MCache*, uint> StackOf { get; set; } = &NoStack;

    static uint NoStack(MCache* c) => 0;

    /// <summary>A type by its index in notes; null for 0.</summary>
    public static TypeDesc* TypeAt(uint index)
    {
        lock (s_lock)
            return index < (uint)s_types.Count ? (TypeDesc*)s_types[(int)index] : null;
    }

    /// <summary>A new slot was taken. Slow path of the allocator.</summary>
    public static void Born(MCache* c, byte* slot) => *NoteOf((nuint)slot) = (ulong)StackOf(c) << 32;

    /// <summary>What lies in the slot of p is of type t, or several of these in a row.</summary>
    public static void SetType(void* p, TypeDesc* t)
    {
        if (!FindObject.Find((nuint)p, out FoundObject o))
            return;
        ulong* note = NoteOf((nuint)o.Slot);
        *note = *note & 0xffff_ffff_0000_0000 | TypeId(t);
    }

    /// <summary>The note of the object in a slot.</summary>
    public static (uint Type, uint Stack) Read(byte* slot)
    {
        nint side = Volatile.Read(ref *Entry((nuint)slot));
        if (side == 0)
            return (0, 0);
        ulong note = *(ulong*)(side + (nint)Offset((nuint)slot));
        return ((uint)note, (uint)(note >> 32));
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

    static ulong* NoteOf(nuint slot)
    {
        nint* entry = Entry(slot);
        nint side = Volatile.Read(ref *entry);
        if (side == 0)
        {
            lock (s_lock)
            {
                if (*entry == 0)
                    *entry = (nint)MHeap.Current->OsAllocLazy((nuint)HeapConsts.ArenaBytes);
                side = *entry;
            }
        }
        return (ulong*)(side + (nint)Offset(slot));
    }

    [ThreadStatic]
    static (nint Type, uint Id) s_last;

    static uint TypeId(TypeDesc* t)
    {
        if (s_last.Type == (nint)t)
            return s_last.Id;
        lock (s_lock)
        {
            if (!s_typeIds.TryGetValue((nint)t, out uint id))
            {
                id = (uint)s_types.Count;
                s_types.Add((nint)t);
                s_typeIds[(nint)t] = id;
            }
            s_last = ((nint)t, id);
            return id;
        }
    }
}
