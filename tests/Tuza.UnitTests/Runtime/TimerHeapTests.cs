// The heap of timers against a list.

using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.InteropServices;

using Tuza.Runtime;
using Xunit;

namespace Tuza.UnitTests.Runtime;

public sealed unsafe class TimerHeapTests
{
    /// <summary>Timers come and go and are put off or brought forward; at each time exactly the due ones are found.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void DueTimersAreFoundWhateverWasChanged(int seed)
    {
        var random = new Random(seed);
        TimerHeap heap = default;
        heap.Next = long.MaxValue;
        List<nint> set = [];
        long now = 1;
        for (int step = 0; step < 20_000; step++)
        {
            int what = random.Next(10);
            if (what < 4 || set.Count == 0)
            {
                var t = (Timer*)NativeMemory.AllocZeroed((nuint)sizeof(Timer));
                t->When = now + random.Next(1, 1000);
                heap.AddLocked(t);
                set.Add((nint)t);
            }
            else if (what < 8)
            {
                heap.ChangeLocked((Timer*)set[random.Next(set.Count)], now + random.Next(1, 2000));
            }
            else if (what == 8)
            {
                int i = random.Next(set.Count);
                heap.RemoveLocked((Timer*)set[i]);
                NativeMemory.Free((void*)set[i]);
                set.RemoveAt(i);
            }
            else
            {
                now += random.Next(200);
                HashSet<nint> due = [.. set.Where(t => ((Timer*)t)->When <= now)];
                for (Timer* t; (t = heap.DueLocked(now)) != null;)
                {
                    Assert.True(due.Remove((nint)t));
                    heap.RemoveLocked(t);
                    set.Remove((nint)t);
                    NativeMemory.Free(t);
                }
                Assert.Empty(due);
            }
            Assert.Equal(set.Count, heap.Count);
            Assert.True(heap.Next <= (set.Count == 0 ? long.MaxValue : set.Min(t => ((Timer*)t)->When)));
        }
        foreach (nint t in set)
            NativeMemory.Free((void*)t);
        NativeMemory.Free(heap.Items);
    }
}
