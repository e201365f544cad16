// Integer instructions with 64-bit registers: sums with carry, products that leave the flags alone.
//
// Registers have the processor's numbers; a base register is neither rsp nor r12.

using System;

namespace Tuza.Runtime;

sealed unsafe partial class MachineCode
{
    public const int Rax = 0, Rdx = 2, R8 = 8, R9 = 9, R10 = 10, R11 = 11;

    /// <summary>Opcodes of op register, register or memory.</summary>
    public const int LoadWord = 0x8B, StoreWord = 0x89, AddWord = 0x03, AddCarry = 0x13, SubBorrow = 0x1B, Address = 0x8D;

    const byte WideRex = 0x48;

    static byte Rex(int reg, int rm) => (byte)(WideRex | (reg >> 3 << 2) | (rm >> 3));

    void Memory(int reg, int baseRegister, int displacement)
    {
        _code.Add((byte)(0x40 | ((reg & 7) << 3) | (baseRegister & 7)));
        _code.Add((byte)(sbyte)displacement);
    }

    /// <summary>op reg, [base + displacement]; a store goes the other way.</summary>
    public void Integer(int op, int reg, int baseRegister, int displacement)
    {
        _code.Add(Rex(reg, baseRegister));
        _code.Add((byte)op);
        Memory(reg, baseRegister, displacement);
    }

    /// <summary>op reg, rm.</summary>
    public void Integers(int op, int reg, int rm) => _code.AddRange([Rex(reg, rm), (byte)op, (byte)(0xC0 | ((reg & 7) << 3) | (rm & 7))]);

    /// <summary>mulx high, low, [base + displacement]: the product with rdx.</summary>
    public void Product(int high, int low, int baseRegister, int displacement)
    {
        const byte Vex3 = 0xC4, Map38 = 2, WideF2 = 0x83, Opcode = 0xF6;
        _code.AddRange([Vex3, (byte)((~(high >> 3 << 7) & 0x80) | 0x40 | (~(baseRegister >> 3 << 5) & 0x20) | Map38), (byte)(WideF2 | ((~low & 15) << 3)), Opcode]);
        Memory(high, baseRegister, displacement);
    }

    /// <summary>adcx or adox reg, rm: adds with the carry flag alone or the overflow flag alone.</summary>
    void Chain(byte prefix, int reg, int rm) =>
        _code.AddRange([prefix, Rex(reg, rm), 0x0F, 0x38, 0xF6, (byte)(0xC0 | ((reg & 7) << 3) | (rm & 7))]);

    public void AddWithCarry(int reg, int rm) => Chain(0x66, reg, rm);
    public void AddWithOverflow(int reg, int rm) => Chain(0xF3, reg, rm);

    public void AddWithOverflow(int reg, int baseRegister, int displacement)
    {
        _code.AddRange([0xF3, Rex(reg, baseRegister), 0x0F, 0x38, 0xF6]);
        Memory(reg, baseRegister, displacement);
    }

    /// <summary>Zero; both flags are clear.</summary>
    public void Clear(int reg) => Integers(0x33, reg, reg);

    /// <summary>neg reg.</summary>
    public void Negate(int reg) => _code.AddRange([Rex(0, reg), 0xF7, (byte)(0xD8 | (reg & 7))]);

    /// <summary>and reg, mask: the carry flag is clear.</summary>
    public void Mask(int reg, byte mask) => _code.AddRange([Rex(0, reg), 0x83, (byte)(0xE0 | (reg & 7)), mask]);

    /// <summary>shr reg, count.</summary>
    public void ShiftRight(int reg, byte count) => _code.AddRange([Rex(0, reg), 0xC1, (byte)(0xE8 | (reg & 7)), count]);

    /// <summary>mov reg, 0, which keeps all flags.</summary>
    public void Zero(int reg) => _code.AddRange([Rex(0, reg), 0xC7, (byte)(0xC0 | (reg & 7)), 0, 0, 0, 0]);

    /// <summary>The zero flag says whether reg is 0; the carry flag stays.</summary>
    public void Test(int reg) => _code.AddRange([Rex(0, reg), 0xFF, (byte)(0xC0 | (reg & 7)), Rex(0, reg), 0xFF, (byte)(0xC8 | (reg & 7))]);

    /// <summary>jz to a place to come; see <see cref="Land"/>.</summary>
    public int SkipIfZero()
    {
        _code.AddRange([0x0F, 0x84, 0, 0, 0, 0]);
        return _code.Count;
    }

    public void Land(int skip)
    {
        byte[] distance = BitConverter.GetBytes(_code.Count - skip);
        for (int i = 0; i < distance.Length; i++)
            _code[skip - 4 + i] = distance[i];
    }

    /// <summary>dec reg, which keeps the carry flag; jnz start.</summary>
    public void CountDown(int reg, int start)
    {
        _code.AddRange([Rex(0, reg), 0xFF, (byte)(0xC8 | (reg & 7)), 0x0F, 0x85]);
        _code.AddRange(BitConverter.GetBytes(start - (_code.Count + 4)));
    }
}
