// Memory of the runtime itself, accounted to the byte.
//
// Persistent memory is taken in chunks of 256 KiB and never given back. FixAlloc hands out records of one size from such memory
// and takes them back through a free list. Both return zeroed memory. Every byte is charged to one counter of MemStats.

using System;
using System.Diagnostics;

namespace Tuza.Memory;

/// <summary>Records of one size: a free list over chunks. The owner's lock protects it.</summary>
public unsafe struct FixAlloc
{
    const int ChunkBytes = 16 << 10;

    nuint _recordBytes;
    nuint _alignment;
    void** _free;          // linked through the first word
    byte* _chunk;
    nuint _chunkLeft;
    MHeap* _heap;
    long* _stat;           // bytes of chunks

    /// <summary>Bytes of records handed out and not taken back.</summary>
    public long InUseBytes;

    public void Init(MHeap* heap, nuint recordBytes, nuint alignment, long* stat)
    {
        Debug.Assert(recordBytes >= (nuint)sizeof(void*));
        _heap = heap;
        _recordBytes = (recordBytes + alignment - 1) & ~(alignment - 1);
        _alignment = alignment;
        _stat = stat;
    }

    /// <summary>A zeroed record.</summary>
    public void* Alloc()
    {
        InUseBytes += (long)_recordBytes;
        if (_free != null)
        {
            void** record = _free;
            _free = (void**)*record;
            new Span<byte>(record, (int)_recordBytes).Clear();
            return record;
        }
        if (_chunkLeft < _recordBytes)
        {
            nuint bytes = ChunkBytes / _recordBytes * _recordBytes;
            _chunk = (byte*)_heap->PersistentAlloc(bytes, _alignment, _stat);
            _chunkLeft = bytes;
        }
        byte* p = _chunk;
        _chunk += _recordBytes;
        _chunkLeft -= _recordBytes;
        return p;
    }

    public void Free(void* record)
    {
        InUseBytes -= (long)_recordBytes;
        *(void**)record = _free;
        _free = (void**)record;
    }
}
