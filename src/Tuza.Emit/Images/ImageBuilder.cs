// Compiles one package to an image: finds out which functions are needed, emits them, lays out data, and hands all to ImageWriter.
//
// Everything is asked for by use: emitting a function may ask for strings, func values, descriptors; descriptors ask for methods, which
// are functions to emit. Work goes on until nothing new is asked for. The order of asking is the order of the input, so the
// same input gives the same bytes.
//
// How a call finds its function (Resolve), first match:
//   1. a C# method bound to the symbol
//   2. a function of this image
//   3. a function of an image this package depends on
//   4. late: by name when the program is loaded (linkname pulls of packages that import us, among others); a stub that throws if nobody has it

using System;
using System.Collections.Generic;
using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Text;
using Tuza.Abi;
using Tuza.IR;
using Tuza.Memory;
using Tuza.Types;

namespace Tuza.Emit;

public sealed class ImageOptions
{
    /// <summary>Receives the listing of each method; null: no listings are made.</summary>
    public Action<string>? Dump { get; init; }
    internal bool DumpIl => Dump != null;
    /// <summary>Receives each function as it is lowered (`-d=low`), and its frame (`-d=frames`).</summary>
    public Action<string>? DumpLow { get; init; }
    public Action<string>? DumpFrames { get; init; }
    /// <summary>Checks frame maps of every function (slow).</summary>
    public bool Verify { get; init; }
    /// <summary>Methods are marked to be fully optimised at once (not for images that are precompiled).</summary>
    public bool OptimiseAtOnce { get; init; } = true;
    /// <summary>See EntrySplit.</summary>
    public bool SplitEntries { get; init; } = true;
}

/// <summary>What is to be compiled.</summary>
public sealed class ImageInput
{
    public required Package Pkg { get; init; }
    /// <summary>Functions to emit; others follow on demand.</summary>
    public required IEnumerable<LowFunction> Functions { get; init; }
    /// <summary>Variables and static data defined here; may grow while functions are lowered.</summary>
    public IReadOnlyList<Global> Globals { get; init; } = [];
    /// <summary>Link names of the initialisers, in order.</summary>
    public IReadOnlyList<string> Inits { get; init; } = [];
    /// <summary>Descriptors; null only in tests that use none.</summary>
    public TypeSection? Types { get; init; }
    /// <summary>Lowers a function of this package that code or descriptors refer to; null if it has no body here.</summary>
    public Func<Function, LowFunction?> Lower { get; init; } = static _ => null;
    /// <summary>Next function that lowering made on its own, or null.</summary>
    public Func<LowFunction?> NextGenerated { get; init; } = static () => null;
    /// <summary>Images of all packages this one imports, directly and indirectly.</summary>
    public IReadOnlyList<ImageReader> Dependencies { get; init; } = [];
    /// <summary>For the compiler of importing packages.</summary>
    public byte[] Summary { get; init; } = [];
    public byte[] Inlinable { get; init; } = [];
    /// <summary>Content key; identical keys mean identical images.</summary>
    public string Key { get; init; } = "";
    /// <summary>Of a program: GODEBUG without the environment.</summary>
    public string Godebug { get; init; } = "";
}

enum CalleeKind { Native, Own, Image, Late }

/// <summary>What a call refers to.</summary>
sealed record Callee(CalleeKind Kind, string Name)
{
    public NativeSymbol? Native { get; init; }
    public int Token { get; init; }
    public string? Package { get; init; }
    public string? Signature { get; init; }
    public bool Pure { get; init; }
}

/// <summary>A method of the image, in the order of the metadata table.</summary>
sealed class MethodRow
{
    public required string Name;
    public required string Signature;
    public MethodCode? Code;
    /// <summary>Worth inlining into every caller, or into none.</summary>
    public bool Inline, Never;
}

/// <summary>A function of the image.</summary>
sealed class FuncEntry
{
    public required LowFunction Low;
    public required int Index, Token;
    public required string Signature;
    /// <summary>Number of the resume body among ResumeMethods, or -1.</summary>
    public int ResumeIndex = -1;
    public FrameInfo? Frame;
}

sealed partial class ImageBuilder
{
    public static readonly MethodInfo BadResume = typeof(ImageStatics).GetMethod(nameof(ImageStatics.BadResume))!;
    public static readonly MethodInfo MissingSymbol = typeof(ImageStatics).GetMethod(nameof(ImageStatics.MissingSymbol))!;
    public static readonly MethodInfo BarrierTryRecord = typeof(Barrier).GetMethod(nameof(Barrier.TryRecord))!;
    public static readonly MethodInfo BarrierRecord = typeof(Barrier).GetMethod(nameof(Barrier.Record))!;

    readonly ImageInput _input;
    readonly Dictionary<string, FuncEntry> _functions = [];
    readonly Dictionary<string, FuncEntry> _pushed = [];
    readonly Dictionary<string, bool> _pure = [];
    readonly HashSet<string> _pureRunning = [];
    readonly Dictionary<string, Callee> _symbols = [];
    int _emitted, _typeCodeDone, _globalsDone;

    public ImageBuilder(ImageInput input, ImageOptions options)
    {
        _input = input;
        Options = options;
        HeaderBaseField = MetadataTokens.GetToken(MetadataTokens.FieldDefinitionHandle(1));
        DataField = MetadataTokens.GetToken(MetadataTokens.FieldDefinitionHandle(2));
        ImportsField = MetadataTokens.GetToken(MetadataTokens.FieldDefinitionHandle(3));
        BarrierField = MetadataTokens.GetToken(MetadataTokens.FieldDefinitionHandle(4));
    }

    public ImageOptions Options { get; }
    public ImageMetadata Meta { get; } = new();
    public int HeaderBaseField { get; }
    public int DataField { get; }
    public int ImportsField { get; }
    public int BarrierField { get; }
    public ImageInput Input => _input;
    public List<MethodRow> Methods { get; } = [];
    /// <summary>Methods of a class of their own, behind the others: .NET takes in a class whole, and most programs resume few functions.</summary>
    public List<MethodRow> ResumeMethods { get; } = [];
    public List<FuncEntry> Funcs { get; } = [];
    public List<CodeRecord> TypeCode { get; } = [];
    public Dictionary<string, FuncEntry> Pushed => _pushed;

    public byte[] Build()
    {
        foreach (var f in _input.Functions)
            Add(f);
        Drain();
        while (Work())
        {
        }
        return new ImageWriter(this).Write();
    }

    bool Work()
    {
        bool any = false;
        for (; _emitted < Funcs.Count; _emitted++, any = true)
            Emit(Funcs[_emitted]);
        for (; _globalsDone < _input.Globals.Count; _globalsDone++, any = true)
            if (_input.Globals[_globalsDone].Defined)
                GlobalOffset(_input.Globals[_globalsDone]);
        any |= DrainData();
        var code = _input.Types?.Code;
        for (; code != null && _typeCodeDone < code.Count; _typeCodeDone++, any = true)
            TypeCode.Add(CodeOf(code[_typeCodeDone]));
        return any | Drain();
    }

    bool Drain()
    {
        bool any = false;
        for (; _input.NextGenerated() is { } f; any = true)
            Add(f);
        return any;
    }

    // ---- functions

    int NewMethod(string name, string signature)
    {
        Methods.Add(new MethodRow { Name = name, Signature = signature });
        return MetadataTokens.GetToken(MetadataTokens.MethodDefinitionHandle(Methods.Count));
    }

    static int RowOf(int token) => (token & 0xffffff) - 1;

    FuncEntry Add(LowFunction f)
    {
        if (_functions.TryGetValue(f.LinkName, out var known))
            return known;
        string sig = ImageMetadata.Signature(f.HasCtx, f.ParamTypes, f.ResultTypes);
        var e = new FuncEntry { Low = f, Index = Funcs.Count, Token = NewMethod(f.LinkName, sig), Signature = sig };
        Funcs.Add(e);
        _functions.Add(f.LinkName, e);
        if (f.Tree is { LinknameRemote: { } remote } && remote != f.LinkName)
            _pushed.TryAdd(remote, e);
        return e;
    }

    void Emit(FuncEntry e)
    {
        if (Options.SplitEntries)
        {
            var bodies = EntrySplit.Run(e.Low, Classify, out bool inline);
            foreach (var body in bodies)
                Add(body);
            if (inline)
                Methods[RowOf(e.Token)].Inline = true;
        }
        Options.DumpLow?.Invoke(LowPrinter.Print(e.Low));
        e.Frame = FrameBuilder.Build(e.Low, Classify);
        Options.DumpFrames?.Invoke(FramePrinter.Print(e.Frame));
        if (Options.Verify)
            FrameVerifier.Check(e.Frame);
        Put(e.Token, FunctionEmitter.Fast(this, e.Low, e.Frame, e.Index));
        if (e.Frame.HasFrame && e.Frame.Sites.Exists(static s => s is { Resumable: true }))
        {
            ResumeMethods.Add(new MethodRow { Name = e.Low.LinkName + "$resume", Signature = "i:v", Code = Shown(FunctionEmitter.Resume(this, e.Low, e.Frame, e.Index)) });
            e.ResumeIndex = ResumeMethods.Count - 1;
        }
    }

    void Put(int token, MethodCode code)
    {
        Methods[RowOf(token)].Code = Shown(code);
    }

    MethodCode Shown(MethodCode code)
    {
        Options.Dump?.Invoke(IlWriter.Header(code.Name, Letters(code.LocalTypes)) + code.Listing + "\n");
        return code;
    }

    static IEnumerable<string> Letters(string types)
    {
        for (int i = 0; i < types.Length; i++)
            yield return $"{i}:{types[i]}";
    }

    CallInfo Classify(LowCall call)
    {
        if (call.NoReturn)
            return new CallInfo(CallEffect.NoReturn, false);
        if (call.Kind is LowCallKind.Closure or LowCallKind.CodePtr)
            return new CallInfo(CallEffect.Moves, false);
        var callee = call.Kind == LowCallKind.Direct ? Resolve(call.Func!) : Resolve(call.Symbol!);
        return callee.Kind switch
        {
            CalleeKind.Native => new CallInfo(callee.Native!.Effect, true),
            CalleeKind.Late => new CallInfo(CallEffect.Moves, true),
            CalleeKind.Own => new CallInfo(IsPure(callee.Name) ? CallEffect.None : CallEffect.Moves, false),
            _ => new CallInfo(callee.Pure ? CallEffect.None : CallEffect.Moves, false),
        };
    }

    /// <summary>A function of this image that calls nothing with an effect, cannot panic, and needs no frame: no safepoint for its callers.</summary>
    bool IsPure(string name)
    {
        if (_pure.TryGetValue(name, out bool known))
            return known;
        if (!_functions.TryGetValue(name, out var e) && !_pushed.TryGetValue(name, out e))
            return false;
        if (!_pureRunning.Add(name))
            return false;
        bool pure = ScanPure(e.Low);
        _pureRunning.Remove(name);
        // Inside a cycle the answer may rest on the assumption that the callee is not pure, which is safe.
        return _pure[name] = pure;
    }

    bool ScanPure(LowFunction f)
    {
        if (f.DeferReturn != null || f.Slots.Count > 0)
            return false;
        foreach (var b in f.Blocks)
        {
            if (b.LoopHeader)
                return false;
            foreach (var i in b.Instrs)
                switch (i)
                {
                    case LowCheck or LowNilCheck:
                    case LowStore { Barrier: true }:
                        return false;
                    case LowCall c when Classify(c).Effect != CallEffect.None:
                        return false;
                }
        }
        return true;
    }

    /// <summary>Descriptor of a function of this image, or null: for the widths of parameters.</summary>
    public LowFunction? SignatureOf(Function f) => _functions.TryGetValue(f.LinkName, out var e) ? e.Low : null;

    // ---- calls

    public Callee Resolve(Function f)
    {
        string symbol = f.Body == null && f.LinknameRemote != null ? f.LinknameRemote : f.LinkName;
        if (_symbols.TryGetValue(symbol, out var known) && known.Kind != CalleeKind.Late)
            return known;
        if (NativeSymbols.Find(symbol) == null && !_functions.ContainsKey(f.LinkName) && f.Body != null && !InDependency(f) && _input.Lower(f) is { } low)
            Add(low);
        return Resolve(symbol, f.Pkg.Path);
    }

    bool InDependency(Function f)
    {
        foreach (var d in _input.Dependencies)
            if (d.Package == f.Pkg.Path)
                return d.FindFunc(f.LinkName) >= 0;
        return false;
    }

    public Callee Resolve(string symbol) => Resolve(symbol, null);

    Callee Resolve(string symbol, string? package)
    {
        if (_symbols.TryGetValue(symbol, out var known) && (known.Kind != CalleeKind.Late || !_functions.ContainsKey(symbol)))
            return known;
        var c = Find(symbol, package);
        _symbols[symbol] = c;
        return c;
    }

    Callee Find(string symbol, string? package)
    {
        if (NativeSymbols.Find(symbol) is { } native)
            return new Callee(CalleeKind.Native, symbol) { Native = native };
        if (_functions.TryGetValue(symbol, out var own) || _pushed.TryGetValue(symbol, out own))
            return new Callee(CalleeKind.Own, symbol) { Token = own.Token, Signature = own.Signature };
        foreach (bool first in (ReadOnlySpan<bool>)[true, false])
            foreach (var d in _input.Dependencies)
                if (d.Package == package == first && d.FindFunc(symbol) is var i and >= 0)
                {
                    var (name, signature, facts) = d.Func(i);
                    return new Callee(CalleeKind.Image, name) { Package = d.Package, Signature = signature, Pure = (facts & FuncFacts.Pure) != 0 };
                }
        return Drain() ? Find(symbol, package) : new Callee(CalleeKind.Late, symbol);
    }

    /// <summary>The method whose address is a code pointer of f (which takes ctx).</summary>
    public Callee ResolveCode(Function f)
    {
        if (!_functions.TryGetValue(f.LinkName, out var e) && _input.Lower(f) is { } low)
            e = Add(low);
        return e == null ? new Callee(CalleeKind.Late, f.LinkName) : new Callee(CalleeKind.Own, f.LinkName) { Token = e.Token, Signature = e.Signature };
    }

    CodeRecord CodeOf(TypeCodeRef r)
    {
        if (r.Kind == TypeCodeKind.Generated)
        {
            // Many images need the same ones: those of a dependency will do.
            if (!_functions.ContainsKey(r.Low!.LinkName) && r.Low.HasCtx)
                foreach (var d in _input.Dependencies)
                    if (d.FindFunc(r.Low.LinkName) >= 0)
                        return new CodeRecord { Func = -1, Name = Text(r.Low.LinkName), Package = Text(d.Package) };
            var e = Add(r.Low!);
            return new CodeRecord { Token = e.Low.HasCtx ? e.Token : Thunk(e.Low), Func = e.Index };
        }
        var f = r.Func!;
        if (r.Kind == TypeCodeKind.FuncValueEntry)
        {
            int token = FuncValueToken(f);
            return new CodeRecord { Token = token, Func = _functions.TryGetValue(f.LinkName, out var own) ? own.Index : -1, Name = Text(f.LinkName) };
        }
        var c = Resolve(f);
        return new CodeRecord
        {
            Token = c.Token,
            Func = c.Kind == CalleeKind.Native ? CodeRecord.Native : c.Kind == CalleeKind.Own && _functions.TryGetValue(c.Name, out var o) ? o.Index : -1,
            Name = Text(c.Name),
            Package = Text(c.Package ?? f.Pkg.Path),
        };
    }

    // ---- thunks

    readonly Dictionary<string, int> _thunks = [];

    /// <summary>The method that a func value of f has as code: takes ctx.</summary>
    int FuncValueToken(Function f)
    {
        var callee = Resolve(f);
        if (callee.Kind == CalleeKind.Own && (_functions.TryGetValue(callee.Name, out var e) || _pushed.TryGetValue(callee.Name, out e)))
            return e.Low.HasCtx ? e.Token : Thunk(e.Low);
        var shape = CallConv.Of(f);
        return Thunk(f.LinkName, callee, shape.Params, shape.Results);
    }

    int Thunk(LowFunction f) =>
        Thunk(f.LinkName, new Callee(CalleeKind.Own, f.LinkName) { Token = _functions[f.LinkName].Token, Signature = _functions[f.LinkName].Signature }, f.ParamTypes, f.ResultTypes);

    /// <summary>Drops ctx and calls. There is no frame: what is returned is returned.</summary>
    int Thunk(string name, Callee callee, List<LowType> ps, List<LowType> rs)
    {
        if (_thunks.TryGetValue(name, out int token))
            return token;
        token = NewMethod(name + "$fv", ImageMetadata.Signature(true, ps, rs));
        _thunks.Add(name, token);
        var il = new IlWriter(name + "$fv", Options.DumpIl);
        il.Ldarg(0);
        for (int i = 0; i < ps.Count; i++)
            il.Ldarg(i + 2);
        int pushes = rs.Count > 0 ? 1 : 0;
        string sig = ImageMetadata.Signature(false, ps, rs);
        switch (callee.Kind)
        {
            case CalleeKind.Native:
                il.Token(ILOpCode.Call, Meta.Member(callee.Native!.Method), ps.Count + 1, pushes, callee.Name);
                break;
            case CalleeKind.Own:
                il.Token(ILOpCode.Call, callee.Token, ps.Count + 1, pushes, callee.Name);
                break;
            case CalleeKind.Image:
                il.Token(ILOpCode.Call, Meta.ImageMethod(callee.Package!, callee.Name, callee.Signature ?? sig), ps.Count + 1, pushes, callee.Name);
                break;
            default:
                il.Token(ILOpCode.Ldsfld, ImportsField, 0, 1, "imports");
                il.LdcI(8L * ImportCode(callee.Name, sig, _input.Pkg));
                il.Add();
                il.Unary(ILOpCode.Ldind_i);
                il.Token(ILOpCode.Calli, Meta.Calli(sig), ps.Count + 2, pushes, sig);
                break;
        }
        il.Ret(pushes);
        Put(token, new MethodCode { Name = name + "$fv", Il = il.Finish(), MaxStack = il.MaxStack, LocalTypes = "", Listing = il.Listing });
        return token;
    }

    /// <summary>What a late-bound call reaches when no image defines the symbol.</summary>
    int MissingStub(string symbol, string signature)
    {
        int token = NewMethod(symbol + "$missing", signature);
        var il = new IlWriter(symbol + "$missing", Options.DumpIl);
        il.Token(ILOpCode.Ldstr, MetadataTokens.GetToken(Meta.Builder.GetOrAddUserString(symbol)), 0, 1, symbol);
        il.Token(ILOpCode.Call, Meta.Member(MissingSymbol), 1, 0, "MissingSymbol");
        bool value = signature[^1] != 'v';
        switch (signature[^1])
        {
            case 'v': break;
            case 'f': il.LdcR4(0); break;
            case 'd': il.LdcR8(0); break;
            case 'w': il.LdcI4(0); break;
            default: il.LdcI8(0); break;
        }
        il.Ret(value ? 1 : 0);
        Put(token, new MethodCode { Name = symbol + "$missing", Il = il.Finish(), MaxStack = il.MaxStack, LocalTypes = "", Listing = il.Listing });
        return token;
    }

    // ---- text

    readonly Dictionary<string, TextRef> _text = [];
    public List<byte> TextBytes { get; } = [];

    public TextRef Text(string s)
    {
        if (!_text.TryGetValue(s, out var r))
        {
            byte[] utf8 = Encoding.UTF8.GetBytes(s);
            r = new TextRef { Offset = TextBytes.Count, Length = utf8.Length };
            TextBytes.AddRange(utf8);
            _text.Add(s, r);
        }
        return r;
    }
}
