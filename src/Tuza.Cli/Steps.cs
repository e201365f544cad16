// What `-x` prints: each step of a build with the time it took.

using System;
using System.Diagnostics;

namespace Tuza.Cli;

/// <summary>Times the steps of one invocation.</summary>
sealed class Steps(bool print)
{
    readonly Stopwatch _watch = Stopwatch.StartNew();

    /// <summary>Says that a step is done; the time since the last one was its time.</summary>
    public void Done(string what)
    {
        Terminal.Doing(what);
        if (print)
            Console.Error.WriteLine($"tuza: {_watch.ElapsedMilliseconds,6} ms  {what}");
        _watch.Restart();
    }
}
