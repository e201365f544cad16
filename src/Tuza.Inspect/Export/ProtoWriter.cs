// Protocol buffers, as much of them as profiles need: fields of whole numbers, texts, packed numbers and nested messages.

using System;
using System.IO;
using System.Text;

namespace Tuza.Inspect;

sealed class ProtoWriter
{
    readonly MemoryStream _out = new();

    const int VarintWire = 0, BytesWire = 2;

    void Varint(ulong n)
    {
        for (; n >= 0x80; n >>= 7)
            _out.WriteByte((byte)(n | 0x80));
        _out.WriteByte((byte)n);
    }

    void Key(int field, int wire) => Varint((ulong)(field << 3 | wire));

    /// <summary>Zero is the default and left out.</summary>
    public ProtoWriter Number(int field, long n)
    {
        if (n != 0)
        {
            Key(field, VarintWire);
            Varint((ulong)n);
        }
        return this;
    }

    public ProtoWriter Bytes(int field, ReadOnlySpan<byte> bytes)
    {
        Key(field, BytesWire);
        Varint((ulong)bytes.Length);
        _out.Write(bytes);
        return this;
    }

    public ProtoWriter Text(int field, string s) => Bytes(field, Encoding.UTF8.GetBytes(s));

    public ProtoWriter Message(int field, ProtoWriter m) => Bytes(field, m._out.GetBuffer().AsSpan(0, (int)m._out.Length));

    public ProtoWriter Packed(int field, ReadOnlySpan<long> numbers)
    {
        ProtoWriter list = new();
        foreach (long n in numbers)
            list.Varint((ulong)n);
        return Message(field, list);
    }

    public void CopyTo(Stream to) => _out.WriteTo(to);
}
