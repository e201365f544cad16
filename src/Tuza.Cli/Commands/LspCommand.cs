// tuza lsp: a language server on standard input and output, for editors.

using System;
using System.Collections.Generic;

namespace Tuza.Cli;

static class LspCommand
{
    public static Flags Register(Flags flags) => flags.Bool("stdio", static _ => { }, "accepted, since editors pass it: there is no other way");

    public static int Run(List<string> args)
    {
        if (Register(new Flags("lsp")).Parse(args).Count > 0)
            throw new UsageException(HelpCommand.Usage("lsp") + "Run 'tuza help lsp' for details.");
        using var input = Console.OpenStandardInput();
        using var output = Console.OpenStandardOutput();
        // Whatever else would be printed must not come between the messages.
        Console.SetOut(Console.Error);
        return new LspServer(new LspConnection(input, output)).Run();
    }
}
