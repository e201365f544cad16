// tuza list: what the loader makes of package arguments.

using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;
using Tuza.Load;
using Tuza.Syntax;

namespace Tuza.Cli;

static class ListCommand
{
    public static int Run(List<string> args)
    {
        string format = "{{.ImportPath}}";
        bool deps = false, json = false, ignoreErrors = false;
        BuildFlags build = new();
        List<string> rest = build.Register(new Flags("list"))
            .Text("f", s => format = s, "what to print of each package: text with {{.ImportPath}}, {{.Name}}, {{.Dir}}, {{.GoFiles}}, {{.Imports}}")
            .Bool("deps", b => deps = b, "also list what the packages import, dependencies first")
            .Bool("json", b => json = b, "print JSON objects")
            .Bool("e", b => ignoreErrors = b, "go on after errors").Parse(args);
        Session session = Session.Start(build);
        Loader loader = session.NewLoader();
        LoadResult loaded = loader.Load(rest);
        if (Session.Report(loaded, loader) && !ignoreErrors)
            return 1;
        Terminal.End();
        foreach (LoadedPackage p in deps ? loaded.Packages : loaded.Roots)
            Console.WriteLine(json ? Json(p) : Format(format, p));
        return 0;
    }

    static IEnumerable<string> GoFiles(LoadedPackage p) => p.Files.Select(f => Path.GetFileName(f.Source.Path));

    static string Format(string format, LoadedPackage p) => Regex.Replace(format, @"\{\{\s*\.(\w+)\s*\}\}", m => m.Groups[1].Value switch
    {
        "ImportPath" => p.ImportPath,
        "Name" => p.Name,
        "Dir" => p.Dir,
        "Standard" => p.IsStd ? "true" : "false",
        "GoFiles" => "[" + string.Join(' ', GoFiles(p)) + "]",
        "Imports" => "[" + string.Join(' ', p.SortedImports()) + "]",
        "Module" => p.Module?.Path ?? "",
        string other => throw new ExitException(1, $"template: main: can't evaluate field {other} in type *load.PackagePublic"),
    }).Replace("\\n", "\n", StringComparison.Ordinal).Replace("\\t", "\t", StringComparison.Ordinal);

    static string Json(LoadedPackage p)
    {
        List<string> fields =
        [
            "\t\"Dir\": " + GoText.Quote(p.Dir),
            "\t\"ImportPath\": " + GoText.Quote(p.ImportPath),
            "\t\"Name\": " + GoText.Quote(p.Name),
        ];
        if (p.IsStd)
            fields.Add("\t\"Standard\": true");
        fields.Add(Array("GoFiles", GoFiles(p)));
        fields.Add(Array("Imports", p.SortedImports()));
        return "{\n" + string.Join(",\n", fields) + "\n}";
    }

    static string Array(string name, IEnumerable<string> items) => $"\t\"{name}\": [{string.Join(", ", items.Select(GoText.Quote))}]";
}
