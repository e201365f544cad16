// SARIF logs against what version 2.1.0 of the standard asks of the objects that are written: required members, no others, and their ranges.
// (The whole schema was tried with a validator: `scripts/sarif-validate.cjs`.)

using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using System.Text.Json;
using Tuza.Inspect;
using Tuza.Syntax;
using Xunit;

namespace Tuza.UnitTests.Inspect;

public sealed class SarifTests
{
    /// <summary>Members of the standard's objects, those with ! are required.</summary>
    static readonly Dictionary<string, string> s_members = new()
    {
        ["log"] = "$schema version! runs!",
        ["run"] = "tool! columnKind results",
        ["tool"] = "driver!",
        ["driver"] = "name! version rules",
        ["rule"] = "id! name shortDescription",
        ["text"] = "text!",
        ["result"] = "ruleId ruleIndex level message! locations relatedLocations fixes properties",
        ["location"] = "physicalLocation message",
        ["physicalLocation"] = "artifactLocation! region",
        ["artifactLocation"] = "uri!",
        ["region"] = "startLine! startColumn endLine endColumn",
        ["fix"] = "description artifactChanges!",
        ["change"] = "artifactLocation! replacements!",
        ["replacement"] = "deletedRegion! insertedContent",
        ["bytes"] = "byteOffset! byteLength",
    };

    static JsonElement Object(JsonElement e, string kind)
    {
        string[] members = s_members[kind].Split(' ');
        foreach (JsonProperty p in e.EnumerateObject())
            Assert.Contains(p.Name, members.Select(static m => m.TrimEnd('!')));
        foreach (string m in members)
            Assert.True(!m.EndsWith('!') || e.TryGetProperty(m.TrimEnd('!'), out _), $"{kind} needs {m}");
        return e;
    }

    static void Text(JsonElement e) => Assert.NotEqual("", Object(e, "text").GetProperty("text").GetString());

    static IEnumerable<JsonElement> List(JsonElement e, string name) => e.TryGetProperty(name, out JsonElement list) ? list.EnumerateArray() : [];

    static void Artifact(JsonElement e)
    {
        string uri = Object(e.GetProperty("artifactLocation"), "artifactLocation").GetProperty("uri").GetString()!;
        Assert.True(Uri.IsWellFormedUriString(uri, UriKind.RelativeOrAbsolute), uri);
    }

    static void Location(JsonElement location)
    {
        JsonElement place = Object(Object(location, "location").GetProperty("physicalLocation"), "physicalLocation"), region = Object(place.GetProperty("region"), "region");
        Artifact(place);
        int line = region.GetProperty("startLine").GetInt32();
        Assert.True(line >= 1);
        foreach (string column in (string[])["startColumn", "endColumn"])
            Assert.True(!region.TryGetProperty(column, out JsonElement c) || c.GetInt32() >= 1);
        Assert.True(!region.TryGetProperty("endLine", out JsonElement end) || end.GetInt32() >= line);
        if (location.TryGetProperty("message", out JsonElement message))
            Text(message);
    }

    /// <summary>Checks a log and gives its results.</summary>
    static List<JsonElement> Checked(string text)
    {
        JsonElement log = Object(JsonDocument.Parse(text).RootElement, "log");
        Assert.Equal("2.1.0", log.GetProperty("version").GetString());
        JsonElement run = Object(Assert.Single(log.GetProperty("runs").EnumerateArray()), "run");
        JsonElement driver = Object(Object(run.GetProperty("tool"), "tool").GetProperty("driver"), "driver");
        List<string?> rules = [.. List(driver, "rules").Select(r => Object(r, "rule").GetProperty("id").GetString())];
        Assert.Equal(rules.Count, rules.Distinct().Count());
        foreach (JsonElement r in List(driver, "rules"))
            Text(r.GetProperty("shortDescription"));
        foreach (JsonElement result in List(run, "results"))
        {
            Object(result, "result");
            Text(result.GetProperty("message"));
            Assert.Contains(result.GetProperty("level").GetString(), (string[])["none", "note", "warning", "error"]);
            Assert.Equal(rules[result.GetProperty("ruleIndex").GetInt32()], result.GetProperty("ruleId").GetString());
            foreach (JsonElement l in List(result, "locations").Concat(List(result, "relatedLocations")))
                Location(l);
            foreach (JsonElement fix in List(result, "fixes"))
            {
                Text(Object(fix, "fix").GetProperty("description"));
                Assert.NotEmpty(List(fix, "artifactChanges"));
                foreach (JsonElement change in List(fix, "artifactChanges"))
                {
                    Artifact(Object(change, "change"));
                    Assert.NotEmpty(List(change, "replacements"));
                    foreach (JsonElement r in List(change, "replacements"))
                    {
                        JsonElement bytes = Object(Object(r, "replacement").GetProperty("deletedRegion"), "bytes");
                        Assert.True(bytes.GetProperty("byteOffset").GetInt32() >= 0 && bytes.GetProperty("byteLength").GetInt32() >= 0);
                        Object(r.GetProperty("insertedContent"), "text");
                    }
                }
            }
        }
        return [.. List(run, "results")];
    }

    static readonly (string, string, string)[] s_rules = [("SUBSTR", "retain/substring", "a short substring"), ("GOLEAK", "goroutine/blocked", "a goroutine")];

    [Fact]
    public void FindingsHaveTheStandardsShape()
    {
        SourceFile file = new("/w/a b/ä.go", "./ä.go", Encoding.UTF8.GetBytes("package x\nvar s = \"äöü\"; x\n")), other = new("/elsewhere/y.go", "y.go", Encoding.UTF8.GetBytes("package y\n"));
        Pos at = Pos.Make(file.Id, 2, 19), end = Pos.Make(file.Id, 2, 20);
        Finding f = new(at, end, "GOLEAK", "goroutine/blocked", "waits \"for ever\"\n")
        {
            Related = [new Related(Pos.Make(other.Id, 1, 1), "started here")],
            Fix = new Fix("close it", [new TextEdit(file, 0, 0, "a"), new TextEdit(other, 1, 3, ""), new TextEdit(file, 4, 5, "b")]),
        };
        Finding note = new(at, at, "SUBSTR", "retain/substring", "short") { Severity = Severity.Note, Advice = "clone it" };
        List<JsonElement> results = Checked(FindingSarif.Write([f, note], s_rules, "1.0", "/w"));
        Assert.Equal(2, results.Count);
        JsonElement place = results[0].GetProperty("locations")[0].GetProperty("physicalLocation");
        Assert.Equal("a%20b/%C3%A4.go", place.GetProperty("artifactLocation").GetProperty("uri").GetString());
        Assert.Equal(16, place.GetProperty("region").GetProperty("startColumn").GetInt32()); // three letters of two bytes
        Assert.Equal("file:///elsewhere/y.go", results[0].GetProperty("relatedLocations")[0].GetProperty("physicalLocation").GetProperty("artifactLocation").GetProperty("uri").GetString());
        Assert.Equal([2, 1], List(results[0].GetProperty("fixes")[0], "artifactChanges").Select(static c => c.GetProperty("replacements").GetArrayLength()));
        Assert.Equal("note", results[1].GetProperty("level").GetString());
    }

    [Fact]
    public void LeaksHaveTheStandardsShape()
    {
        Leak one = new("retain/substring", 100, 1, "a \u001b string", new SnapshotFrame("main.f", "/w/x.go", 0), "clone", 0xc000, "variable main.x");
        Leak without = new("goroutine/busy", 0, 1, "busy", default, "end it", 0);
        List<JsonElement> results = Checked(FindingSarif.Write([one, without, one], "1.0", "/w"));
        Assert.Equal([0, 1, 0], results.Select(static r => r.GetProperty("ruleIndex").GetInt32()));
        Assert.False(results[1].TryGetProperty("locations", out _));
        Assert.DoesNotContain('\u001b', results[0].GetProperty("message").GetProperty("text").GetString()!);
        Assert.Empty(Checked(FindingSarif.Write([], s_rules, "1.0", "/w")));
    }
}
