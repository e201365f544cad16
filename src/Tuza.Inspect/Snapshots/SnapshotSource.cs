// Reading numbers and strings from a snapshot file, with nothing taken on trust: every length is checked against what is left of its section
// before anything is allocated, so a damaged file ends in one SnapshotException and never in a wait or a large array.

using System;
using System.Buffers.Binary;
using System.IO;
using System.Text;

namespace Tuza.Inspect;

/// <summary>The file is not a whole snapshot; the message says why, without the file's name.</summary>
public sealed class SnapshotException(string message) : Exception(message);

/// <summary>A section of a snapshot, read from front to back.</summary>
sealed class SnapshotSource
{
    readonly Stream _file;
    readonly byte[] _buffer = new byte[1 << 16];
    readonly string _section;
    int _at, _filled;
    readonly long _end;
    long _unread; // bytes of the section that are not in the buffer yet

    public SnapshotSource(Stream file, string section, long offset, long length)
    {
        _file = file;
        _section = section;
        _file.Position = offset;
        _unread = length;
        _end = offset + length;
    }

    /// <summary>Where in the file the next byte is.</summary>
    public long FileOffset => _end - Left;

    /// <summary>Bytes of the section that were not read.</summary>
    public long Left => _unread + _filled - _at;

    SnapshotException Damaged(string what) => new($"section {_section} is damaged: {what}");

    ReadOnlySpan<byte> Take(int n)
    {
        if (_filled - _at < n)
            Fill(n);
        ReadOnlySpan<byte> s = _buffer.AsSpan(_at, n);
        _at += n;
        return s;
    }

    void Fill(int n)
    {
        if (Left < n)
            throw Damaged("it ends too early");
        _buffer.AsSpan(_at, _filled - _at).CopyTo(_buffer);
        _filled -= _at;
        _at = 0;
        while (_filled < n)
        {
            int got = _file.Read(_buffer, _filled, (int)Math.Min(_buffer.Length - _filled, _unread));
            if (got == 0)
                throw Damaged("the file ends too early");
            _filled += got;
            _unread -= got;
        }
    }

    public byte U8() => Take(1)[0];

    public int U16() => BinaryPrimitives.ReadUInt16LittleEndian(Take(2));

    public int I32() => BinaryPrimitives.ReadInt32LittleEndian(Take(4));

    public uint U32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(4));

    public ulong U64() => BinaryPrimitives.ReadUInt64LittleEndian(Take(8));

    /// <summary>A length or size; negative ones and those above 2^48 are nonsense.</summary>
    public long Size()
    {
        ulong n = U64();
        return n <= 1UL << 48 ? (long)n : throw Damaged($"a size of {n}");
    }

    /// <summary>Number of records of at least so many bytes each.</summary>
    public int Count(int leastBytes) => Checked(U32(), leastBytes);

    public int Count64(int leastBytes) => Checked(U64(), leastBytes);

    int Checked(ulong n, int leastBytes) =>
        n <= (ulong)(Left / leastBytes) && n < int.MaxValue ? (int)n : throw Damaged($"{n} records cannot be in what is left of it");

    /// <summary>An index below a bound.</summary>
    public int Index(int bound, string what)
    {
        uint i = U32();
        return i < (uint)bound ? (int)i : throw Damaged($"{what} {i} does not exist");
    }

    public string Text()
    {
        int length = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte b = U8();
            if (shift > 28)
                throw Damaged("a string's length");
            length |= (b & 0x7f) << shift;
            if ((b & 0x80) == 0)
                break;
        }
        if (length < 0 || length > Left)
            throw Damaged("a string is longer than the section");
        return Encoding.UTF8.GetString(Bytes(length));
    }

    /// <summary>The next bytes; valid until the next read when they are few.</summary>
    public ReadOnlySpan<byte> Bytes(int n)
    {
        if (n <= _buffer.Length)
            return Take(n);
        if (n > Left)
            throw Damaged("a body is longer than the section");
        byte[] all = new byte[n];
        for (int done = 0; done < n;)
        {
            int step = Math.Min(_buffer.Length, n - done);
            Take(step).CopyTo(all.AsSpan(done));
            done += step;
        }
        return all;
    }

    /// <summary>Passes over bytes.</summary>
    public void Skip(long n)
    {
        if (n < 0 || n > Left)
            throw Damaged("a body is longer than the section");
        while (n > 0)
        {
            int step = (int)Math.Min(_buffer.Length, n);
            Take(step);
            n -= step;
        }
    }
}
