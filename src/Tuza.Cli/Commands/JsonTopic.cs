// tuza help json: what programs may rely on. The tables say for themselves what their rows have.

using System.Text;
using Tuza.Inspect;

namespace Tuza.Cli;

static class JsonTopic
{
    public const string Name = "json";

    public static string Text()
    {
        HeapViews views = new(new Snapshot());
        ReportTable[] tables = [views.Top(0, bySite: false), views.Top(0, bySite: true), views.OfType("", 0), views.Retained(0), views.Wasted(0), views.EqualStrings(0), views.Since(new Snapshot(), 0),
            views.Goroutines(0), views.Spans(), LeakReport.Table([]), StatCommand.Table([])];
        StringBuilder b = new("""
            What is printed with -json has "v":1 and a "kind". Within a version fields are added, never changed or removed. Bytes and counts are numbers, addresses are texts ("0xc000088000"),
            shares are percent. Colours and the escapes of names for terminals are not in it.

            heap, leaks and stat print tables: {"v":1,"kind":KIND,"rows":[{...}]}; with -json=stream a row a line: {"v":1,"kind":KIND,...}. What rows have, by kind:


            """);
        foreach (ReportTable t in tables)
            b.Append("  ").Append(t.Schema()).Append('\n');
        return b.Append("""
              heap.query: the columns that were asked for

            escape: {"v":1,"kind":"escapes","escapes":[{"pos","name","function","type","heap","variable","bytes","block","made","madeBytes","madeTogether","because":[{"text","pos","depth"}],"change","compiler"}]}
            layout: {"v":1,"kind":"layout","types":[{"type","arch","size","align","pointerBytes","block","classWaste","padding","tiny","fields":[...],"best":{...},"atomics":[...]}]}
            vet: the shape of go vet -json: {PACKAGE:{CATEGORY:[{"posn","end","message","rule","severity","advice","suggested_fixes":[...],"related":[...]}]}}; exit code 0 unless -exit is given
            test: the events of go tool test2json; list and env: as the go command

            """).ToString().TrimEnd('\n');
    }
}
