// Marking what lies scattered: objects of a graph whose neighbours are anywhere in the heap.
//
// There every mark bit is a line that has to come from far, and whether it is set is anybody's guess: a processor that guesses wrong finds out when the
// line is there, and has looked ahead in vain. So here the steps are taken for a batch of objects, one after the other: (1) all their pointers; (2) the
// places of the mark bits, whose lines are requested; (3) which are white, without a branch; (4) those are marked and become grey. Where neighbours lie
// together, as in trees built at once, guesses are right, lines are at hand and DrainLoop is faster (measured: random graphs gain a quarter to two
// fifths this way, trees lose a fifth). What is grey now tells which it is; it is asked before every portion of work.

using System.Numerics;
using System.Runtime.CompilerServices;

using Tuza.Abi;

namespace Tuza.Memory;

public unsafe partial struct Marker
{
    const int BatchObjects = 16, BatchWords = 192;
    const int MostWordsOfObject = 64; // what one word of pointer bits describes
    const uint Sample = 16, SampleFar = 12;
    const int NearShift = 16;

    /// <summary>Do most of the next grey objects lie far from each other?</summary>
    readonly bool IsScattered
    {
        get
        {
            uint far = 0;
            nuint* items = WorkBuf.Items(WorkBuf.Of(_top));
            if (_top - items > Sample)
            {
                for (nuint* e = _top - Sample; e < _top; e++)
                    far += (e[0] ^ e[-1]) >> NearShift != 0 ? 1u : 0;
            }
            else if (_tail - _head > Sample)
            {
                for (uint i = _head; i != _head + Sample; i++)
                    far += ((nuint)_ring[i & (RingSlots - 1)].Slot ^ (nuint)_ring[(i + 1) & (RingSlots - 1)].Slot) >> NearShift != 0 ? 1u : 0;
            }
            return far >= SampleFar;
        }
    }

    /// <summary>As DrainLoop.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    bool DrainScattered<TMode>(long budget)
        where TMode : struct, IMarkMode
    {
        nuint* words = stackalloc nuint[BatchWords];
        Found* found = stackalloc Found[BatchWords];
        byte* white = stackalloc byte[BatchWords];
        Grey* ring = _ring;
        long scanned = 0;
        bool more = true;
        while (scanned < budget)
        {
            if (_tail - _head < RingLow)
            {
                budget -= FillRing();
                if (_head == _tail)
                {
                    more = false;
                    break;
                }
            }
            int n = 0;
            for (int k = 0; k < BatchObjects && _head != _tail && n <= BatchWords - MostWordsOfObject; k++)
            {
                Grey g = ring[_head++ & (RingSlots - 1)];
                uint bytes = g.Info->ElemBytes;
                ulong bits;
                if (g.Info->Kind == SlotKind.Bits)
                {
                    bits = HeapBits.Get(g.Slot, bytes / HeapConsts.PtrBytes);
                }
                else if (g.Info->Kind == SlotKind.Word)
                {
                    bits = 1;
                }
                else
                {
                    scanned += ScanHeaded(g.Slot, g.Info);
                    continue;
                }
                scanned += bytes;
                for (; bits != 0; bits &= bits - 1)
                {
                    nuint word = ((nuint*)g.Slot)[BitOperations.TrailingZeroCount(bits)];
                    words[n] = word;
                    n += word != 0 ? 1 : 0;
                }
            }
            int count = FindMarks(words, n, found, recorded: false);
            int whites = 0;
            for (int k = 0; k < count; k++)
            {
                white[whites] = (byte)k;
                whites += (int)(~(*found[k].Mark >> found[k].Bit) & 1);
            }
            MarkWhite<TMode>(found, white, whites);
        }
        BytesMarked += scanned;
        return more;
    }

    /// <summary>
    /// Where the mark bits of these addresses are; the lines are on their way then. Returns how many are small objects; the others are dealt with.
    /// recorded: as for EnqueueMany.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    int FindMarks(nuint* words, int n, Found* found, bool recorded)
    {
        HeapArena** arenas = _arenas;
        SlotInfo* slots = _slots;
        int count = 0;
        for (int k = 0; k < n; k++)
        {
            nuint address = words[k];
            nuint i = address >> HeapConsts.ArenaShift;
            HeapArena* arena;
            if (i >= ArenaMap.Slots || (arena = arenas[i]) == null)
                continue;
            int page = ArenaMap.PageIndex(address);
            ulong word = arena->Pages[page];
            uint tag = ArenaMap.TagOf(word);
            SlotInfo* info = slots + tag;
            byte* start = (byte*)((address & ~(nuint)(HeapConsts.PageBytes - 1)) - ((nuint)ArenaMap.PageOf(word) << HeapConsts.PageShift));
            uint index = (uint)((ulong)(address - (nuint)start) * info->DivMagic >> 32);
            if (index >= info->ElemCount || tag <= 2)
            {
                if (tag != 0 || !recorded)
                    Unusual(address, word);
                continue;
            }
            ulong* m = MarkWord(arena, page, word, index);
            Prefetch(m);
            Found* f = found + count++;
            f->Mark = m;
            f->Slot = start + (nuint)index * info->ElemBytes;
            f->Info = info;
            f->Bit = (int)index;
        }
        return count;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    void MarkWhite<TMode>(Found* found, byte* white, int whites)
        where TMode : struct, IMarkMode
    {
        for (int k = 0; k < whites; k++)
        {
            Found* f = found + white[k];
            ulong bit = 1UL << f->Bit;
            if ((*f->Mark & bit) != 0)
                continue; // twice in the batch
            TMode.Set(f->Mark, bit);
            TakeGrey(f->Slot, f->Info);
        }
    }

    /// <summary>As in DrainLoop, but on the fields: takes entries from the stack until the ring is full enough. Returns the bytes of pieces scanned on the way: those of large objects, which count as a whole.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    long FillRing()
    {
        long pieces = 0;
        while (_tail - _head < RingLow)
        {
            nuint* top = _top;
            if (((nuint)top & (WorkBuf.Bytes - 1)) == WorkBuf.HeaderBytes)
            {
                nuint* below = PopBuffer(top);
                if (below == null)
                    break;
                _top = below;
                continue;
            }
            nuint address = *--top;
            _top = top;
            if ((address & Continue) != 0)
            {
                ScanPiece(address & ~Continue);
                pieces += (long)PieceBytes;
                continue;
            }
            Request((byte*)address);
            Grey* g = _ring + (_tail++ & (RingSlots - 1));
            g->Slot = (byte*)address;
            g->Info = _slots + ArenaMap.TagOf(_arenas[address >> HeapConsts.ArenaShift]->Pages[ArenaMap.PageIndex(address)]);
        }
        return pieces;
    }

    /// <summary>Scans an object whose type is in its first word. Returns its bytes.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    long ScanHeaded(byte* slot, SlotInfo* info)
    {
        ulong header = *(ulong*)slot;
        TypeDesc* t = (TypeDesc*)header;
        long counted = info->ElemBytes, bytes = counted;
        if (info->Kind == SlotKind.Block)
        {
            t = Blocks.TypeOf(header);
            bytes = (long)Blocks.BytesOf(slot);
            counted += bytes;
        }
        if (t != null)
            ScanTyped(t, slot + HeapConsts.MallocHeaderBytes, 0, (nuint)bytes - HeapConsts.MallocHeaderBytes);
        return counted;
    }
}
