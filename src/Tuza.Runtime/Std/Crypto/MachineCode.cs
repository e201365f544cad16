// A few machine instructions put together by hand, for what the processor can do and .NET has no functions for: the SHA extensions, sums with carry.
//
// Only what is needed: integer instructions (the other file), SSE instructions between registers xmm0..xmm15, with a memory operand of base register and displacement, and
// a counted loop. Arguments come in rdi, rsi, rdx, rcx; xmm registers need not be kept.

using System;
using System.Collections.Generic;

using Tuza.Memory;

namespace Tuza.Runtime;

/// <summary>An SSE instruction: mandatory prefix (0 none) and opcode bytes behind 0F.</summary>
readonly record struct SseOp(byte Prefix, byte Map, byte Code);

sealed unsafe partial class MachineCode
{
    public const int Rcx = 1, Rsi = 6, Rdi = 7;

    public static readonly SseOp Load = new(0xF3, 0, 0x6F), Store = new(0xF3, 0, 0x7F), Move = new(0x66, 0, 0x6F), AddWords = new(0x66, 0, 0xFE),
        Xor = new(0x66, 0, 0xEF), ShuffleBytes = new(0x66, 0x38, 0x00), ShuffleWords = new(0x66, 0, 0x70), AlignRight = new(0x66, 0x3A, 0x0F),
        Sha256Rounds2 = new(0, 0x38, 0xCB), Sha256Msg1 = new(0, 0x38, 0xCC), Sha256Msg2 = new(0, 0x38, 0xCD),
        Sha1Rounds4 = new(0, 0x3A, 0xCC), Sha1NextE = new(0, 0x38, 0xC8), Sha1Msg1 = new(0, 0x38, 0xC9), Sha1Msg2 = new(0, 0x38, 0xCA);

    readonly List<byte> _code = [];

    void Head(SseOp op, int reg, int rm)
    {
        if (op.Prefix != 0)
            _code.Add(op.Prefix);
        int rex = (reg >> 3 << 2) | (rm >> 3);
        if (rex != 0)
            _code.Add((byte)(0x40 | rex));
        _code.Add(0x0F);
        if (op.Map != 0)
            _code.Add(op.Map);
        _code.Add(op.Code);
    }

    /// <summary>op reg, rm.</summary>
    public void Emit(SseOp op, int reg, int rm, int imm = -1)
    {
        Head(op, reg, rm);
        _code.Add((byte)(0xC0 | ((reg & 7) << 3) | (rm & 7)));
        if (imm >= 0)
            _code.Add((byte)imm);
    }

    /// <summary>op reg, [base + displacement].</summary>
    public void EmitMemory(SseOp op, int reg, int baseRegister, int displacement)
    {
        Head(op, reg, baseRegister);
        _code.Add((byte)(0x80 | ((reg & 7) << 3) | baseRegister));
        _code.AddRange(BitConverter.GetBytes(displacement));
    }

    public int Here => _code.Count;

    /// <summary>add rsi, bytes; dec rdx; jnz start.</summary>
    public void Loop(byte bytes, int start)
    {
        _code.AddRange([0x48, 0x83, 0xC6, bytes, 0x48, 0xFF, 0xCA, 0x0F, 0x85]);
        _code.AddRange(BitConverter.GetBytes(start - (_code.Count + 4)));
    }

    /// <summary>Ends with ret. The code's address, or null when there may be no new code in this process.</summary>
    public void* Finish()
    {
        _code.Add(0xC3);
        byte* p = KernelMemory.Map(null, (nuint)_code.Count, KernelMemory.Read | KernelMemory.Write, 0);
        if (p == null)
            return null;
        _code.CopyTo(new Span<byte>(p, _code.Count));
        return KernelMemory.Protect(p, (nuint)_code.Count, KernelMemory.Read | KernelMemory.Execute) ? p : null;
    }
}
