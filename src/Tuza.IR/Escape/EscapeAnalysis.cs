// Escape analysis of a package: decides what lives on the stack (equal to gc's decisions).
//
// Runs after inlining, on all functions of the package that have a body, batch by batch, callees first. Tags of imported packages must be there
// already: in the Function objects when they were compiled in this process, otherwise in their images.

using System.Collections.Generic;
using System.IO;

namespace Tuza.IR;

public static class EscapeAnalysis
{
    public static void Run(IReadOnlyList<Function> functions, IEscapeTagSource? tags, EscapeOptions? options = null)
    {
        options ??= new EscapeOptions();
        foreach (var f in functions)
            DeadLocals.Run(f);
        functions = UnusedLiterals.Drop(functions);
        var context = new EscapeContext(Definitions.Of(functions), tags,
            new EscapeReport(options.Diagnostics, options.Package ?? BuildContext.RuntimePackage), options.SmallFrames, options.ZeroCopy);
        foreach (var batch in Batches.BottomUp(functions))
            EscapeBatch.Analyze(batch, context);
        foreach (var f in functions)
            SliceBuffers.Run(f, context.Values, tags);
        if (options.Diagnostics.Wants(1))
            BoundsRemarks.Report(functions, options.Diagnostics);
    }

    /// <summary>The tags of the package's own functions, for its image.</summary>
    public static byte[] Write(PackageIR package)
    {
        var stream = new MemoryStream();
        var w = new BinaryWriter(stream);
        foreach (var f in package.Functions)
        {
            if (f.EscapeTags is not EscapeTags tags || f.IsClosure || f.Params.Count == 0)
                continue;
            w.Write(f.LinkName);
            w.Write((byte)tags.Params.Length);
            foreach (var leaks in tags.Params)
                w.Write(leaks.ToBits());
        }
        w.Flush();
        return stream.ToArray();
    }
}

/// <summary>Switches of the analysis, and where its lines go.</summary>
public sealed class EscapeOptions
{
    public CompileDiagnostics Diagnostics { get; init; } = new();
    /// <summary>The package whose names messages print without qualifier.</summary>
    public Types.Package? Package { get; init; }
    public bool SmallFrames { get; init; }
    public bool ZeroCopy { get; init; } = true;
}

/// <summary>Tags read from images.</summary>
public sealed class EscapeTagStore : IEscapeTagSource
{
    readonly Dictionary<string, EscapeTags> _tags = [];

    public void Add(byte[] summary)
    {
        var r = new BinaryReader(new MemoryStream(summary));
        while (r.BaseStream.Position < summary.Length)
        {
            string name = r.ReadString();
            var leaks = new Leaks[r.ReadByte()];
            for (int i = 0; i < leaks.Length; i++)
                leaks[i] = Leaks.FromBits(r.ReadUInt64());
            _tags[name] = new EscapeTags(leaks);
        }
    }

    public EscapeTags? Find(string linkName) => _tags.GetValueOrDefault(linkName);
}
