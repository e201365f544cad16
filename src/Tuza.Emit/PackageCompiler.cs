// A typed package to its image: trees, escape analysis, lowering, emission. The driver calls this per package, dependencies first.

using System;
using System.Collections.Generic;
using Tuza.Abi;
using Tuza.IR;
using Tuza.Types;

namespace Tuza.Emit;

/// <summary>Switches of the middle of the compiler.</summary>
public sealed class CompileOptions
{
    public ImageOptions Image { get; init; } = new();
    /// <summary>Of a program: what GODEBUG is without the environment.</summary>
    public string Godebug { get; init; } = "";
    /// <summary>False: everything that might escape is on the heap (`-d=off:escape`).</summary>
    public bool Escape { get; init; } = true;
    /// <summary>Smaller limits for what may be on the stack (`-smallframes`).</summary>
    public bool SmallFrames { get; init; }
    public bool ZeroCopy { get; init; } = true;
    /// <summary>0: no inlining; 1: as usual; 4: calls inside inlined functions count little.</summary>
    public int Inline { get; init; } = 1;
    /// <summary>Sees the trees of the package after analysis (messages of -m), before lowering.</summary>
    public Action<PackageIR>? AfterEscape { get; init; }
}

public static class PackageCompiler
{
    /// <summary>Compiles a package whose imports (all, indirect ones too) have images already.</summary>
    public static byte[] Compile(PackageIR ir, IReadOnlyList<ImageReader> dependencies, string key, CompileOptions options)
    {
        var tags = Tags(dependencies);
        var escape = new EscapeOptions { Diagnostics = ir.Diagnostics, Package = ir.Pkg, SmallFrames = options.SmallFrames, ZeroCopy = options.ZeroCopy };
        var inliner = new Inliner(ir, new Imports(dependencies), options.Inline, static f => NativeSymbols.Find(f.LinkName) != null);
        var source = new Source(ir, inliner, functions =>
        {
            if (options.Escape)
                EscapeAnalysis.Run(functions, tags, escape);
            else
                functions.ForEach(PlaceAllOnHeap.Run);
        });
        if (ir.Diagnostics.Wants(1))
            ir.Builder!.BuildMentioned();
        source.PlaceNew();
        options.AfterEscape?.Invoke(ir);
        byte[] summary = EscapeAnalysis.Write(ir);
        var types = new TypeSection(ir.Pkg, source);
        foreach (var t in ir.DeclaredTypes)
        {
            types.IndexOf(t);
            types.IndexOf(new PointerType(t));
        }
        var inits = new List<string>();
        foreach (var f in ir.InitFunctions)
            inits.Add(f.LinkName);
        return ImageCompiler.Compile(new ImageInput
        {
            Pkg = ir.Pkg,
            Functions = source.All(),
            Globals = ir.Globals,
            Inits = inits,
            Types = types,
            Lower = source.LowerOnDemand,
            NextGenerated = source.Next,
            Dependencies = dependencies,
            Summary = summary,
            Inlinable = inliner.Write(),
            Key = key,
            Godebug = options.Godebug,
        }, options.Image);
    }

    /// <summary>Inlining and escape analysis alone, for tools that look at the decisions. Imports are packages analysed before, in this process.
    /// Returns what importers must know about inlining.</summary>
    public static InlineFacts Analyse(PackageIR ir, IInlineFacts imports)
    {
        var inliner = new Inliner(ir, imports, 1, static f => NativeSymbols.Find(f.LinkName) != null);
        inliner.Run();
        EscapeAnalysis.Run(ir.Functions, null, new EscapeOptions { Diagnostics = ir.Diagnostics, Package = ir.Pkg });
        return new InlineFacts(inliner.Write());
    }

    static EscapeTagStore Tags(IReadOnlyList<ImageReader> dependencies)
    {
        var tags = new EscapeTagStore();
        foreach (var d in dependencies)
            tags.Add(d.Summary);
        return tags;
    }

    /// <summary>What the images of other packages say about inlining.</summary>
    sealed class Imports : IInlineFacts
    {
        readonly Dictionary<string, ImageReader> _images = [];

        public Imports(IReadOnlyList<ImageReader> images)
        {
            foreach (var i in images)
                _images[i.Package] = i;
        }

        public int? CostOf(Function f) => _images.TryGetValue(f.Pkg.Path, out var image) ? image.Inlinable.CostOf(f.LinkName) : null;
    }

    /// <summary>Lowered functions of one package, by and by.</summary>
    sealed class Source(PackageIR ir, Inliner inliner, Action<List<Function>> place) : ITypeCode
    {
        readonly Lowerer _lowerer = new(ir);
        readonly HashSet<Function> _done = new(ReferenceEqualityComparer.Instance);
        int _next, _placed;

        /// <summary>Decides what lives where in the functions that were built since the last time: all at first, then what descriptors asked for.</summary>
        public void PlaceNew()
        {
            if (_placed == ir.Functions.Count)
                return;
            inliner.Run();
            var fresh = ir.Functions.GetRange(_placed, ir.Functions.Count - _placed);
            _placed = ir.Functions.Count;
            place(fresh);
            if (_next == 0 && ir.Functions.RemoveAll(IsMessageOnly) > 0)
                _placed = ir.Functions.Count;
        }

        static bool IsMessageOnly(Function f)
        {
            for (Function? g = f; g != null; g = g.Outer)
                if (g.IsMessageOnly)
                    return true;
            return false;
        }

        /// <summary>The functions that are there now; more may come through Next.</summary>
        public IEnumerable<LowFunction> All()
        {
            while (NextTree() is { } low)
                yield return low;
        }

        LowFunction? NextTree()
        {
            while (_next < ir.Functions.Count)
            {
                var f = ir.Functions[_next++];
                if (f.Body != null && _done.Add(f))
                    return Lower(f);
            }
            return null;
        }

        LowFunction Lower(Function f)
        {
            PlaceNew();
            try
            {
                return _lowerer.Lower(f);
            }
            catch (Exception e) when (e is not LowerException)
            {
                throw new LowerException($"lowering {f.LinkName} ({f.Pos}): {e.Message}", e);
            }
        }

        public LowFunction? LowerOnDemand(Function f) => f.Body != null && _done.Add(f) ? Lower(f) : null;

        public LowFunction? Next() => _lowerer.Generated.TryDequeue(out var g) ? g : NextTree();

        public Function MethodOf(GoType receiver, MethodSelection method) =>
            ir.Builder!.MethodFor(receiver, method.Method, []);

        public LowFunction EqualOf(GoType type) => _lowerer.TypeFuncs.Equal(type);
        public LowFunction HashOf(GoType type) => _lowerer.TypeFuncs.Hash(type);

        public LowFunction BridgeOf(Signature type, FuncBridge bridge) => bridge switch
        {
            FuncBridge.Invoke => _lowerer.Invokers.For(type, false),
            FuncBridge.InvokeMethod => _lowerer.Invokers.For(type, true),
            FuncBridge.FuncStub => _lowerer.Invokers.StubFor(type, false),
            FuncBridge.MethodStub => _lowerer.Invokers.StubFor(type, true),
        };
    }
}
