// examples/*/main.go: each prints its output.txt, which real Go wrote.

using System.IO;
using Xunit;

namespace Tuza.FileTests;

public class ExampleTests
{
    static string Folder { get; } = Path.GetFullPath(Path.Combine(TuzaCommand.DataFolder, "..", "..", "examples"));

    public static TheoryData<string> Examples()
    {
        var data = new TheoryData<string>();
        foreach (string dir in Directory.GetDirectories(Folder))
            data.Add(Path.GetFileName(dir));
        return data;
    }

    [Theory]
    [MemberData(nameof(Examples))]
    public void RunsAsItSays(string name)
    {
        var result = TuzaCommand.Run(["run", Path.Combine(Folder, name, "main.go")]);
        Assert.Equal(File.ReadAllText(Path.Combine(Folder, name, "output.txt")), result.Output);
        Assert.Equal(0, result.ExitCode);
    }
}
