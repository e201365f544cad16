// Assembles one method body: opcodes, labels with short and long branches, the depth of the evaluation stack, and a listing on demand.
//
// Branches are written long and shortened at the end (Finish), until nothing changes. The stack depth at a label is that of the first
// branch to it; a mismatch is an internal error, reported with the name of the method.

using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Globalization;
using System.Reflection.Metadata;
using System.Text;

namespace Tuza.Emit;

sealed class IlWriter(string name, bool listing)
{
    struct Fix { public int At, Label; public ILOpCode Op; public bool Short; /* Op 0: an entry of a jump table ending at Base */ public int Base; }

    byte[] _buf = new byte[256];
    int _len;
    readonly List<Fix> _fixes = [];
    readonly List<(int At, int Depth)> _labels = [];
    int _depth;
    bool _dead;
    readonly List<string>? _text = listing ? [] : null;

    public int MaxStack { get; private set; }
    public int Depth => _depth;
    /// <summary>The end of what was written cannot be reached.</summary>
    public bool Dead => _dead;
    public string Listing => string.Join('\n', _text ?? []);

    public int NewLabel()
    {
        _labels.Add((-1, -1));
        return _labels.Count - 1;
    }

    public void Mark(int label)
    {
        var (at, depth) = _labels[label];
        if (at >= 0)
            throw Bug($"label {label} marked twice");
        if (_dead)
            _depth = Math.Max(depth, 0);
        else if (depth >= 0 && depth != _depth)
            throw Bug($"stack depth {_depth} at label {label}, {depth} at a branch to it");
        _dead = false;
        _labels[label] = (_len, _depth);
        _text?.Add($"L{label}:");
    }

    InvalidOperationException Bug(string what) => new($"emit: {name}: {what}{(_text == null ? "" : "\n" + Listing)}");

    void Byte(int b)
    {
        if (_len == _buf.Length)
            Array.Resize(ref _buf, _len * 2);
        _buf[_len++] = (byte)b;
    }

    void Int(int v)
    {
        for (int i = 0; i < 4; i++)
            Byte(v >> (8 * i));
    }

    void Stack(int pops, int pushes)
    {
        _depth -= pops;
        if (_depth < 0)
            throw Bug("evaluation stack underflow");
        _depth += pushes;
        MaxStack = Math.Max(MaxStack, _depth);
    }

    void Code(ILOpCode op)
    {
        int v = (int)op;
        if (v > 0xff)
            Byte(v >> 8);
        Byte(v & 0xff);
    }

    void Say(ILOpCode op, string arg = "") => _text?.Add("    " + op.ToString().ToLowerInvariant().Replace('_', '.') + (arg.Length == 0 ? "" : " " + arg));
    public void Comment(string s) => _text?.Add("    // " + s);

    /// <summary>An instruction without operand; its effect on the stack depth is pushes minus pops.</summary>
    public void Op(ILOpCode op, int pops, int pushes)
    {
        Say(op);
        Code(op);
        Stack(pops, pushes);
    }

    public void Unary(ILOpCode op) => Op(op, 1, 1);
    public void Binary(ILOpCode op) => Op(op, 2, 1);
    public void Pop() => Op(ILOpCode.Pop, 1, 0);
    public void Dup() => Op(ILOpCode.Dup, 1, 2);
    public void Add() => Binary(ILOpCode.Add);

    public void Ret(int values)
    {
        Say(ILOpCode.Ret);
        Code(ILOpCode.Ret);
        if (_depth != values)
            throw Bug($"{_depth} values on the stack at return, {values} expected");
        Stack(values, 0);
        _dead = true;
    }

    public void LdcI4(int v)
    {
        Say(ILOpCode.Ldc_i4, v.ToString(CultureInfo.InvariantCulture));
        if (v is >= -1 and <= 8)
            Byte((int)ILOpCode.Ldc_i4_0 + v);
        else if (v is >= sbyte.MinValue and <= sbyte.MaxValue)
        {
            Code(ILOpCode.Ldc_i4_s);
            Byte(v);
        }
        else
        {
            Code(ILOpCode.Ldc_i4);
            Int(v);
        }
        Stack(0, 1);
    }

    public void LdcI8(long v)
    {
        if (v is >= int.MinValue and <= int.MaxValue)
        {
            LdcI4((int)v);
            Unary(ILOpCode.Conv_i8);
            return;
        }
        Say(ILOpCode.Ldc_i8, v.ToString(CultureInfo.InvariantCulture));
        Code(ILOpCode.Ldc_i8);
        Int((int)v);
        Int((int)(v >> 32));
        Stack(0, 1);
    }

    /// <summary>A native int constant.</summary>
    public void LdcI(long v)
    {
        if (v is >= int.MinValue and <= int.MaxValue)
        {
            LdcI4((int)v);
            Unary(ILOpCode.Conv_i);
        }
        else
            LdcI8(v);
    }

    public void LdcR8(double v)
    {
        Say(ILOpCode.Ldc_r8, v.ToString("R", CultureInfo.InvariantCulture));
        Code(ILOpCode.Ldc_r8);
        long b = BitConverter.DoubleToInt64Bits(v);
        Int((int)b);
        Int((int)(b >> 32));
        Stack(0, 1);
    }

    public void LdcR4(float v)
    {
        Say(ILOpCode.Ldc_r4, v.ToString("R", CultureInfo.InvariantCulture));
        Code(ILOpCode.Ldc_r4);
        Int(BitConverter.SingleToInt32Bits(v));
        Stack(0, 1);
    }

    void Var(ILOpCode first4, ILOpCode s, ILOpCode l, int i, bool has4)
    {
        if (has4 && i < 4)
            Byte((int)first4 + i);
        else if (i < 256)
        {
            Code(s);
            Byte(i);
        }
        else
        {
            Code(l);
            Byte(i);
            Byte(i >> 8);
        }
    }

    public void Ldarg(int i)
    {
        Say(ILOpCode.Ldarg, i == 0 ? "g" : i.ToString(CultureInfo.InvariantCulture));
        Var(ILOpCode.Ldarg_0, ILOpCode.Ldarg_s, ILOpCode.Ldarg, i, true);
        Stack(0, 1);
    }

    public void Starg(int i)
    {
        Say(ILOpCode.Starg, i.ToString(CultureInfo.InvariantCulture));
        Var(default, ILOpCode.Starg_s, ILOpCode.Starg, i, false);
        Stack(1, 0);
    }

    public void Ldloc(int i)
    {
        Say(ILOpCode.Ldloc, i.ToString(CultureInfo.InvariantCulture));
        Var(ILOpCode.Ldloc_0, ILOpCode.Ldloc_s, ILOpCode.Ldloc, i, true);
        Stack(0, 1);
    }

    public void Stloc(int i)
    {
        Say(ILOpCode.Stloc, i.ToString(CultureInfo.InvariantCulture));
        Var(ILOpCode.Stloc_0, ILOpCode.Stloc_s, ILOpCode.Stloc, i, true);
        Stack(1, 0);
    }

    public void Token(ILOpCode op, int token, int pops, int pushes, string what)
    {
        Say(op, what);
        Code(op);
        Int(token);
        Stack(pops, pushes);
    }

    /// <summary>Prefix byte such as `volatile.`.</summary>
    public void Prefix(ILOpCode op)
    {
        Say(op);
        Code(op);
    }

    public void Branch(ILOpCode op, int label)
    {
        int pops = op == ILOpCode.Br ? 0 : op is ILOpCode.Brtrue or ILOpCode.Brfalse ? 1 : 2;
        Say(op, $"L{label}");
        Stack(pops, 0);
        Target(label);
        _fixes.Add(new Fix { At = _len, Label = label, Op = op });
        Code(op);
        Int(0);
        if (op == ILOpCode.Br)
            _dead = true;
    }

    void Target(int label)
    {
        var (at, depth) = _labels[label];
        if (depth < 0)
            _labels[label] = (at, _depth);
        else if (depth != _depth)
            throw Bug($"stack depth {_depth} at a branch to label {label}, {depth} there");
    }

    public void Switch(IReadOnlyList<int> labels)
    {
        Say(ILOpCode.Switch, string.Join(' ', labels));
        Stack(1, 0);
        Code(ILOpCode.Switch);
        Int(labels.Count);
        int end = _len + 4 * labels.Count;
        foreach (int l in labels)
        {
            Target(l);
            _fixes.Add(new Fix { At = _len, Label = l, Base = end });
            Int(0);
        }
    }

    static ILOpCode ShortForm(ILOpCode op) => op - (ILOpCode.Br - ILOpCode.Br_s);

    /// <summary>The finished code, with every branch in its shortest form.</summary>
    public byte[] Finish()
    {
        if (!_dead)
            throw Bug("control falls off the end");
        foreach (var (at, depth) in _labels)
            if (at < 0 && depth >= 0)
                throw Bug("branch to a label that is not marked");
        var fixes = _fixes.ToArray();
        // saved[i]: bytes saved before fix i; each short branch saves 3.
        var saved = new int[fixes.Length + 1];
        for (bool changed = true; changed;)
        {
            changed = false;
            for (int i = 0; i < fixes.Length; i++)
                saved[i + 1] = saved[i] + (fixes[i].Short ? 3 : 0);
            for (int i = 0; i < fixes.Length; i++)
            {
                ref var f = ref fixes[i];
                if (f.Short || f.Base != 0)
                    continue;
                // As if it were short: its end is then at At - saved + 2; targets behind it move up by 3 as well.
                int from = f.At - saved[i] + 2, target = _labels[f.Label].At, to = target - saved[First(target)];
                if (target > f.At)
                    to -= 3;
                if (to - from is >= sbyte.MinValue and <= sbyte.MaxValue)
                    f.Short = changed = true;
            }
        }
        var code = new byte[_len - saved[^1]];
        int src = 0, dst = 0;
        for (int i = 0; i < fixes.Length; i++)
        {
            ref var f = ref fixes[i];
            Array.Copy(_buf, src, code, dst, f.At - src);
            dst += f.At - src;
            int target = _labels[f.Label].At, to = target - saved[First(target)];
            if (f.Base != 0)
            {
                int end = f.Base - saved[First(f.Base)];
                BinaryPrimitives.WriteInt32LittleEndian(code.AsSpan(dst), to - end);
                dst += 4;
                src = f.At + 4;
            }
            else if (f.Short)
            {
                code[dst] = (byte)ShortForm(f.Op);
                code[dst + 1] = (byte)(to - (dst + 2));
                dst += 2;
                src = f.At + 5;
            }
            else
            {
                code[dst] = (byte)f.Op;
                BinaryPrimitives.WriteInt32LittleEndian(code.AsSpan(dst + 1), to - (dst + 5));
                dst += 5;
                src = f.At + 5;
            }
        }
        Array.Copy(_buf, src, code, dst, _len - src);
        return code;

        // Number of fixes that begin before position p.
        int First(int p)
        {
            int lo = 0, hi = fixes.Length;
            while (lo < hi)
            {
                int mid = (lo + hi) >> 1;
                if (fixes[mid].At < p)
                    lo = mid + 1;
                else
                    hi = mid;
            }
            return lo;
        }
    }

    public static string Header(string name, IEnumerable<string> locals)
    {
        var sb = new StringBuilder();
        sb.Append(CultureInfo.InvariantCulture, $"method {name}\n  locals: {string.Join(", ", locals)}\n");
        return sb.ToString();
    }
}
