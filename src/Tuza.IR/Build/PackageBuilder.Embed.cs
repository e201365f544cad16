// `//go:embed`: a variable of type string, []byte or embed.FS holds files of the package's folder.
//
// An embed.FS is a pointer to a slice of records {name, data, hash[16]}, sorted by folder and then by name; folders are entries of their
// own whose names end in a slash. The patterns are expanded by the resolver of the context, which knows where packages lie.

using System;
using System.Collections.Generic;
using System.Security.Cryptography;
using System.Text;
using Tuza.Syntax;
using Tuza.Types;

namespace Tuza.IR;

public sealed partial class PackageBuilder
{
    void BuildEmbeds()
    {
        foreach (var file in Pkg.Files)
            foreach (var decl in file.Decls)
                if (decl is VarDecl { Names: [var name] } v && Pkg.Info.Defs.GetValueOrDefault(name) is Var obj)
                {
                    var patterns = new List<string>();
                    Pos pos = default;
                    foreach (var d in v.Directives)
                        if (d.Text == "go:embed" || d.Text.StartsWith("go:embed ", StringComparison.Ordinal) || d.Text.StartsWith("go:embed\t", StringComparison.Ordinal))
                        {
                            pos = d.Pos;
                            patterns.AddRange(Parser.EmbedPatterns(d.Text["go:embed".Length..], out string? bad));
                            if (bad != null)
                                Fail(pos, bad);
                        }
                    if (patterns.Count > 0)
                        Embed(Ctx.GlobalOf(obj), file.Source, pos, patterns);
                }
    }

    void Fail(Pos pos, string text) => IR.Errors.Add(new Diagnostic(pos, text));

    void Embed(Global g, SourceFile source, Pos pos, List<string> patterns)
    {
        string error = "no resolver for embedded files";
        if (Ctx.Embed?.Invoke(Pkg, source, patterns, out error) is not { } files)
        {
            Fail(pos, error);
            return;
        }
        g.Init = new StaticData(Ctx.Sizes.Sizeof(g.Type));
        switch (g.Type.Underlying)
        {
            case BasicType or SliceType when files.Count != 1:
                Fail(pos, $"invalid go:embed: multiple files for type {g.Type}");
                break;
            case BasicType:
                Static.WriteString(g, 0, files[0].Data!);
                break;
            case SliceType:
                {
                    var data = NewStatic(new ArrayType(Universe.Uint8, files[0].Data!.Length), pos, false);
                    data.Init!.Bytes = files[0].Data!;
                    Static.WriteSlice(g, 0, data, files[0].Data!.Length);
                    break;
                }
            case StructType { Fields: [{ Type: var t }] } when t.Underlying is PointerType { Elem: var slice } && slice.Underlying is SliceType record:
                EmbedTree(g, slice, record.Elem, files, pos);
                break;
            default:
                Fail(pos, $"go:embed cannot apply to var of type {g.Type}");
                break;
        }
    }

    void EmbedTree(Global g, GoType slice, GoType record, List<EmbedFile> files, Pos pos)
    {
        var all = new Dictionary<string, byte[]?>();
        foreach (var f in files)
        {
            all[f.Name] = f.Data;
            for (int i = f.Name.LastIndexOf('/'); i > 0; i = f.Name.LastIndexOf('/', i - 1))
                all[f.Name[..(i + 1)]] = null;
        }
        var names = new List<string>(all.Keys);
        names.Sort((a, b) =>
        {
            var (ad, ae) = Split(a);
            var (bd, be) = Split(b);
            int c = string.CompareOrdinal(ad, bd);
            return c != 0 ? c : string.CompareOrdinal(ae, be);
        });
        long size = Ctx.Sizes.Sizeof(record);
        var records = NewStatic(new ArrayType(record, names.Count), pos, false);
        for (int i = 0; i < names.Count; i++)
        {
            long at = i * size;
            Static.WriteString(records, at, Encoding.UTF8.GetBytes(names[i]));
            if (all[names[i]] is not { } data)
                continue;
            Static.WriteString(records, at + 16, data);
            Static.WriteBytes(records, at + 32, SHA256.HashData(data).AsSpan(0, 16));
        }
        var header = NewStatic(slice, pos, false);
        Static.WriteSlice(header, 0, records, names.Count);
        Static.AddReloc(g, 0, header, 0);
    }

    static (string Dir, string Elem) Split(string name)
    {
        name = name.TrimEnd('/');
        int i = name.LastIndexOf('/');
        return i < 0 ? (".", name) : (name[..i], name[(i + 1)..]);
    }
}
