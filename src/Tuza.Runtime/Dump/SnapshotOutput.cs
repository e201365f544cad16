// The file of a snapshot while it is written: numbers go into a buffer of our own, since there are millions of small ones; those that are known
// later are patched, in the buffer when they are still there.

using System;
using System.Buffers.Binary;
using System.IO;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace Tuza.Runtime;

sealed class SnapshotOutput(Stream file)
{
    const int BufferBytes = 1 << 20;

    readonly byte[] _buffer = new byte[BufferBytes];
    int _used;
    long _flushed;

    /// <summary>Where in the file the next byte goes.</summary>
    public long Position => _flushed + _used;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    void Put<T>(T value) where T : unmanaged
    {
        if (_used + 8 > BufferBytes)
            Flush();
        Unsafe.WriteUnaligned(ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_buffer), _used), value);
        _used += Unsafe.SizeOf<T>();
    }

    public void Write(byte n) => Put(n);
    public void Write(ushort n) => Put(n);
    public void Write(int n) => Put(n);
    public void Write(uint n) => Put(n);
    public void Write(long n) => Put(n);
    public void Write(ulong n) => Put(n);

    /// <summary>Length in 7-bit groups, then UTF-8.</summary>
    public void Write(string s)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(s);
        uint n = (uint)bytes.Length;
        for (; n >= 0x80; n >>= 7)
            Put((byte)(n | 0x80));
        Put((byte)n);
        Write(bytes);
    }

    public void Write(ReadOnlySpan<byte> bytes)
    {
        if (_used + bytes.Length > BufferBytes)
            Flush();
        if (bytes.Length > BufferBytes)
        {
            file.Write(bytes);
            _flushed += bytes.Length;
            return;
        }
        bytes.CopyTo(_buffer.AsSpan(_used));
        _used += bytes.Length;
    }

    public void Flush()
    {
        file.Write(_buffer, 0, _used);
        _flushed += _used;
        _used = 0;
    }

    /// <summary>Puts a number where one was left out.</summary>
    public void Patch(long at, long value, int bytes)
    {
        Span<byte> number = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(number, value);
        if (at >= _flushed)
        {
            number[..bytes].CopyTo(_buffer.AsSpan((int)(at - _flushed)));
            return;
        }
        Flush();
        file.Position = at;
        file.Write(number[..bytes]);
        file.Position = _flushed;
    }
}
