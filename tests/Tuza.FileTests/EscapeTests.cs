// tests/data/escape: programs with what real Go says about them. NAME.m has the lines of -m, NAME.ml those of -m -l, NAME.m2l those of -m=2 -l;
// allocs.go counts heap objects, and allocs.out has the right numbers. Files of the Go installation stand as $GOROOT/src/....

using System.Collections.Generic;
using System.IO;
using System.Text.RegularExpressions;
using Xunit;

namespace Tuza.FileTests;

public class EscapeTests
{
    static string Folder => Path.Combine(TuzaCommand.DataFolder, "escape");

    public static TheoryData<string, string> Listings()
    {
        var data = new TheoryData<string, string>();
        foreach (var (extension, flags) in (IEnumerable<(string, string)>)[(".m", "-m"), (".ml", "-m -l"), (".m2l", "-m=2 -l")])
            foreach (string file in Directory.GetFiles(Folder, "*" + extension))
                data.Add(Path.GetFileName(file), flags);
        return data;
    }

    [Theory]
    [MemberData(nameof(Listings))]
    public void SaysWhatGoSays(string listing, string flags)
    {
        string wanted = File.ReadAllText(Path.Combine(Folder, listing));
        string output = Path.Combine(Directory.CreateTempSubdirectory("escape").FullName, "program");
        try
        {
            // The second time the text comes from the cache.
            for (int i = 0; i < 2; i++)
            {
                var result = TuzaCommand.Run(["build", "-C", Folder, "-o", output, "-gcflags=" + flags, "./" + Path.ChangeExtension(listing, ".go")], seconds: 300);
                Assert.Equal(0, result.ExitCode);
                Assert.Equal(wanted, Regex.Replace(result.Output, @"(?m)^/\S*?/src/", "$$GOROOT/src/"));
            }
        }
        finally
        {
            Directory.Delete(Path.GetDirectoryName(output)!, recursive: true);
        }
    }

    [Fact]
    public void AllocatesAsOftenAsGo()
    {
        var result = TuzaCommand.Run(["run", Path.Combine(Folder, "allocs.go")], seconds: 300);
        Assert.Equal(File.ReadAllText(Path.Combine(Folder, "allocs.out")), result.Output);
        Assert.Equal(0, result.ExitCode);
    }
}
