// Memory of large stacks while the collector marks.

using Tuza.Memory;
using Tuza.Runtime;
using Tuza.UnitTests.Memory;
using Xunit;

using Barrier = Tuza.Memory.Barrier;

namespace Tuza.UnitTests.Runtime;

[Collection("heap")]
public sealed unsafe class StackAllocTests
{
    const long Bytes = 128 << 10;

    [Fact]
    public void LargeStacksStayStacksWhileMarkingGoesOn()
    {
        using var world = new FakeWorld();
        byte* p = StackAlloc.Alloc(Bytes), other = StackAlloc.Alloc(2 * Bytes);
        long before = world.Heap->Stats.StackInUse;
        Barrier.Enabled = 1;
        StackAlloc.Free(p, Bytes);
        StackAlloc.Free(other, 2 * Bytes);
        Assert.Equal(before, world.Heap->Stats.StackInUse);
        Assert.Equal(SpanState.Manual, ArenaMap.SpanOfAddress((nuint)p)->State);
        // A stack of the same size gets it again, one of another size does not.
        Assert.True(StackAlloc.Alloc(Bytes) == p);
        byte* next = StackAlloc.Alloc(Bytes);
        Assert.True(next != other);
        StackAlloc.Free(p, Bytes);
        StackAlloc.Free(next, Bytes);
        Barrier.Enabled = 0;
        StackAlloc.FreeKept();
        Assert.Equal(0, world.Heap->Stats.StackInUse);
        Assert.True(ArenaMap.SpanOfAddress((nuint)p) == null);
        world.Verify();
    }
}
