// A fixed-size set of small integers, for dataflow.

using System;
using System.Numerics;

namespace Tuza.IR;

public sealed class BitSet(int size)
{
    readonly ulong[] _w = new ulong[(size + 63) >> 6];

    public bool this[int i] => (_w[i >> 6] >> i & 1) != 0;
    public void Add(int i) => _w[i >> 6] |= 1UL << i;
    public void Remove(int i) => _w[i >> 6] &= ~(1UL << i);
    public void Clear() => Array.Clear(_w);
    public void Fill() => Array.Fill(_w, ulong.MaxValue);
    public void Set(BitSet o) => o._w.CopyTo(_w, 0);
    public BitSet Copy()
    {
        var r = new BitSet(_w.Length << 6);
        r.Set(this);
        return r;
    }

    /// <summary>Adds all of o; true if something was new.</summary>
    public bool Or(BitSet o)
    {
        ulong changed = 0;
        for (int i = 0; i < _w.Length; i++)
        {
            ulong n = _w[i] | o._w[i];
            changed |= n ^ _w[i];
            _w[i] = n;
        }
        return changed != 0;
    }

    public void And(BitSet o)
    {
        for (int i = 0; i < _w.Length; i++)
            _w[i] &= o._w[i];
    }

    public void AndNot(BitSet o)
    {
        for (int i = 0; i < _w.Length; i++)
            _w[i] &= ~o._w[i];
    }

    public bool SameAs(BitSet o) => _w.AsSpan().SequenceEqual(o._w);

    public bool IsEmpty
    {
        get
        {
            foreach (ulong w in _w)
                if (w != 0)
                    return false;
            return true;
        }
    }

    /// <summary>Smallest member that is at least i, or -1.</summary>
    public int Next(int i)
    {
        int k = i >> 6;
        if (k >= _w.Length)
            return -1;
        ulong w = _w[k] & (ulong.MaxValue << (i & 63));
        while (w == 0)
        {
            if (++k == _w.Length)
                return -1;
            w = _w[k];
        }
        return (k << 6) + BitOperations.TrailingZeroCount(w);
    }
}
