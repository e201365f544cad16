// Who may reference whom (docs/ARCHITECTURE.md). Each rule is a fact about the built assemblies, so that it cannot rot.

using System.Linq;
using System.Reflection;
using Xunit;

namespace Tuza.UnitTests;

public class Architecture
{
    static readonly string[] s_compiler = ["Tuza.Syntax", "Tuza.Types", "Tuza.Load", "Tuza.IR", "Tuza.Emit"];

    [Theory]
    [InlineData("Tuza.Memory")]
    [InlineData("Tuza.Runtime")]
    [InlineData("Tuza.Abi")]
    public void RunTimeFloorSeesNoCompiler(string assembly)
    {
        var seen = Assembly.Load(assembly).GetReferencedAssemblies().Select(a => a.Name).Intersect(s_compiler);
        Assert.Empty(seen);
    }

    [Fact]
    public void MemoryDoesNotSeeRuntime() =>
        Assert.DoesNotContain(Assembly.Load("Tuza.Memory").GetReferencedAssemblies(), a => a.Name == "Tuza.Runtime");

    [Theory]
    [InlineData("Tuza.Abi")]
    [InlineData("Tuza.Memory")]
    [InlineData("Tuza.Runtime")]
    public void RunTimeFloorHasNoLinq(string assembly) =>
        Assert.DoesNotContain(Assembly.Load(assembly).GetReferencedAssemblies(), a => a.Name == "System.Linq");

    [Theory]
    [InlineData("Tuza.Syntax", "Tuza.Types")]
    [InlineData("Tuza.Types", "Tuza.Load")]
    [InlineData("Tuza.Types", "Tuza.IR")]
    [InlineData("Tuza.Load", "Tuza.IR")]
    [InlineData("Tuza.IR", "Tuza.Emit")]
    [InlineData("Tuza.IR", "Tuza.Runtime")]
    [InlineData("Tuza.Emit", "Tuza.Cli")]
    public void FloorsSeeOnlyWhatLiesBelow(string lower, string upper) =>
        Assert.DoesNotContain(Assembly.Load(lower).GetReferencedAssemblies(), a => a.Name == upper);
}
