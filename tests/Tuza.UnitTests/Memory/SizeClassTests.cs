// Size classes against facts of Go 1.27.

using Tuza.Abi;
using Tuza.Memory;
using Xunit;

namespace Tuza.UnitTests.Memory;

public unsafe class SizeClassTests
{
    // class, bytes, pages, objects without pointers, objects with pointers
    [Theory]
    [InlineData(1, 8, 1, 1024, 1008)]
    [InlineData(2, 16, 1, 504, 496)]
    [InlineData(3, 24, 1, 336, 330)]
    [InlineData(5, 48, 1, 168, 165)]
    [InlineData(11, 144, 1, 56, 55)]
    [InlineData(24, 448, 1, 18, 17)]
    [InlineData(26, 512, 1, 15, 15)]
    [InlineData(27, 576, 1, 14, 14)]
    [InlineData(35, 1408, 2, 11, 11)]
    [InlineData(50, 6912, 6, 7, 7)]
    [InlineData(65, 27264, 10, 3, 3)]
    [InlineData(67, 32768, 4, 1, 1)]
    public void ClassFacts(int c, int bytes, int pages, int noscan, int scan)
    {
        Assert.Equal(bytes, SizeClasses.Bytes(c));
        Assert.Equal(pages, SizeClasses.Pages(c));
        Assert.Equal(noscan, SizeClasses.ObjectsPerSpan(c, noscan: true));
        Assert.Equal(scan, SizeClasses.ObjectsPerSpan(c, noscan: false));
    }

    [Fact]
    public void EverySizeHasTheSmallestClassThatHoldsIt()
    {
        for (int size = 1; size <= HeapConsts.MaxSmallBytes; size++)
        {
            int c = SizeClasses.ClassOf((nuint)size);
            Assert.True(SizeClasses.Bytes(c) >= size && SizeClasses.Bytes(c - 1) < size, $"size {size} class {c}");
        }
    }

    [Fact]
    public void DivisionByMultiplicationIsExactInEverySpan()
    {
        for (int c = 1; c < HeapConsts.NumSizeClasses; c++)
        {
            ulong magic = SizeClasses.DivMagic(c), bytes = (ulong)SizeClasses.Bytes(c);
            for (ulong offset = 0; offset < (ulong)SizeClasses.Pages(c) << HeapConsts.PageShift; offset++)
            {
                if (offset / bytes != offset * magic >> 32)
                    Assert.Fail($"class {c} offset {offset}");
            }
        }
    }

    // What append may use: the capacities that Go programs print.
    [Theory]
    [InlineData(5, true, 8)]
    [InlineData(33, true, 48)]
    [InlineData(512, false, 512)]
    [InlineData(513, false, 568)]
    [InlineData(513, true, 576)]
    [InlineData(1024, false, 1144)]
    [InlineData(32760, true, 32768)]
    [InlineData(32760, false, 32760)]
    [InlineData(32761, true, 32768)]
    [InlineData(32768, true, 32768)]
    [InlineData(32769, true, 40960)]
    [InlineData(100000, false, 106496)]
    public void RoundUp(int size, bool noscan, int rounded)
    {
        Assert.Equal((nuint)rounded, SizeClasses.RoundUp((nuint)size, noscan));
    }

    [Fact]
    public void AbiStructuresHaveGoSizes()
    {
        Assert.Equal(48, sizeof(TypeDesc));
        Assert.Equal(16, sizeof(GoString));
        Assert.Equal(24, sizeof(GoSlice));
        Assert.Equal(16, sizeof(Iface));
        Assert.Equal(16, sizeof(Eface));
        Assert.Equal(72, sizeof(ArrayTypeDesc));
        Assert.Equal(80, sizeof(InterfaceTypeDesc));
        Assert.Equal(80, sizeof(StructTypeDesc));
        Assert.Equal(24, sizeof(StructFieldDesc));
        Assert.Equal(136, sizeof(MapTypeDesc));
        Assert.Equal(16, sizeof(UncommonTypeDesc));
        Assert.Equal(32, sizeof(Itab));
        TypeDesc t;
        Assert.Equal(16, (byte*)&t.Hash - (byte*)&t);
        Assert.Equal(23, (byte*)&t.Kind - (byte*)&t);
        Assert.Equal(24, (byte*)&t.Equal - (byte*)&t);
        Assert.Equal(32, (byte*)&t.GCData - (byte*)&t);
        Assert.Equal(44, (byte*)&t.PtrToThis - (byte*)&t);
        Assert.Equal(128, sizeof(MSpan));
        Assert.Equal(61 * 24, sizeof(MemStats.BySizeArray));
    }
}
