// The timers of testing/synctest's bubbles, by the tests that package internal/synctest has for them: what is due when it is set fires at once, what is due
// at one instant in no fixed order, and times have no monotonic part.

using Xunit;

namespace Tuza.FileTests;

public class BubbleTests
{
    [Theory]
    [InlineData("TestTimerRunsImmediately")]
    [InlineData("TestAfterFuncRunsImmediately")]
    [InlineData("TestTimerResetZeroDoNotHang")]
    [InlineData("TestTimerNondeterminism")]
    [InlineData("TestMonotonicClock")]
    public void TimersOfBubbles(string test)
    {
        RunResult result = TuzaCommand.Run(["test", "-v", "-run", "^" + test + "$", "internal/synctest"], seconds: 120);
        Assert.False(result.TimedOut, "timed out");
        Assert.Contains("--- PASS: " + test, result.Output, System.StringComparison.Ordinal);
        Assert.Equal(0, result.ExitCode);
    }
}
