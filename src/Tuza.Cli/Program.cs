// The front door: opens the floors in order and owns the console.

namespace Tuza.Cli;

static class Program
{
    static int Main(string[] args) => args.Length == 0 ? 2 : 0;
}
