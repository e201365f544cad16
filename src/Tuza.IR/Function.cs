// A Go function as a tree, its variables, and the globals of a package. CONTRACT FILE: waist (2) of the house, tree level.
//
// Invariants: no type parameter anywhere; every ExprNode has a type; constants are folded; names are resolved. Shapes follow
// gc's tree (design: escape analysis, section 2), so that escape analysis and inlining costs can equal gc's.

using System.Collections.Generic;
using Tuza.Syntax;
using Tuza.Types;

namespace Tuza.IR;

public enum LocalClass : byte { Auto, Param, Result, Captured }

/// <summary>A variable of a function: parameter, result, local, temporary, or a captured variable seen from inside a closure.</summary>
public sealed class Local
{
    public required string Name;
    public required GoType Type;
    public LocalClass Class;
    public Pos Pos;
    public required Function Owner;
    /// <summary>Compiler temporary (`.autotmp_N` in messages).</summary>
    public bool IsTemp;
    public bool AddrTaken, Reassigned, IsCapturedByClosure;
    /// <summary>Captured only: the variable of the enclosing function, and whether its value (not its address) is captured.</summary>
    public Local? Outer;
    public bool ByValue;
    /// <summary>Decision of escape analysis: lives on the heap ("moved to heap"); the function then holds its address.</summary>
    public bool OnHeap;
    /// <summary>Results and parameters: position; else -1.</summary>
    public int Index = -1;
    /// <summary>The package that declares it, when an inlined call brought it from another one.</summary>
    public Package? HomePkg;
    /// <summary>For later passes.</summary>
    public object? Data;
    public override string ToString() => Name;
}

/// <summary>A package-level variable, or compiler-made static data (read-only tables, string-keyed literals).</summary>
public sealed class Global
{
    public required string LinkName;
    public required GoType Type;
    public Pos Pos;
    public Var? Obj;
    public bool ReadOnly;
    /// <summary>Defined in the package being compiled (otherwise a reference to another image).</summary>
    public bool Defined;
    /// <summary>Static initial value, null for all zero.</summary>
    public StaticData? Init;
    public object? Data;
}

/// <summary>Bytes of a global with relocations: what gc would put in the data section.</summary>
public sealed class StaticData(long size)
{
    /// <summary>Size of the global; Bytes may be shorter (the rest is zero).</summary>
    public long Size { get; } = size;
    public byte[] Bytes = [];
    public List<Reloc> Relocs { get; } = [];
}

/// <summary>A pointer word at Offset. Target: Global, Function (address of its static funcval), GoType (descriptor), ItabKey, or StringBytes.</summary>
public readonly record struct Reloc(long Offset, object Target, long Addend);

/// <summary>Identifies an itab: concrete type and interface type (as named; two named interfaces have different itabs).</summary>
public sealed record ItabKey(GoType Concrete, GoType Interface);
/// <summary>The bytes of a string constant (static, de-duplicated by content).</summary>
public sealed record StringBytes(byte[] Bytes);

[System.Flags]
public enum Pragma
{
    None = 0, Noinline = 1, Noescape = 2, Nosplit = 4, UintptrEscapes = 8, UintptrKeepAlive = 16, Norace = 32, NoAlloc = 64, Systemstack = 128,
    Linkname = 256, NoCheckPtr = 512,
}

public sealed class Function
{
    /// <summary>Unique symbol: "fmt.Println", "main.(*T).M", "main.main.func1", "slices.Sort[int]".</summary>
    public required string LinkName;
    /// <summary>Name as gc's messages print it inside its package: "(*T).M", "main.func1".</summary>
    public string ShortName = "";
    /// <summary>Name in messages when it is another than ShortName: instances are named by the shapes of their type arguments.</summary>
    public string? MessageName;
    public required Package Pkg;
    public Pos Pos, EndPos;
    /// <summary>Receiver-less view: parameters (receiver first) and results are in Params and Results.</summary>
    public required Signature Sig;
    public List<Local> Params = [];
    public List<Local> Results = [];
    /// <summary>All variables in declaration order (parameters and results first), temporaries included.</summary>
    public List<Local> Locals = [];
    /// <summary>Null: no body here (assembly, hook, linkname pull).</summary>
    public List<StmtNode>? Body;
    public Pragma Pragma;
    /// <summary>Remote symbol of a `//go:linkname local remote` directive, or null. With a body: a push; without: a pull.</summary>
    public string? LinknameRemote;

    // ---- closures
    public bool IsClosure;
    public Function? Outer;
    /// <summary>Captured variables, in order of first use; they follow the code word in the funcval.</summary>
    public List<Local> ClosureVars = [];
    /// <summary>A go/defer wrapper, method wrapper, or method value wrapper.</summary>
    public bool IsWrapper;
    /// <summary>Range-over-func body.</summary>
    public bool IsRangeFuncBody;

    /// <summary>An instance that text without type parameters asks for: gc has a function of that name.</summary>
    public bool HasPlainName;
    /// <summary>Exists only for what -m says: taken away before lowering.</summary>
    public bool IsMessageOnly;
    /// <summary>-m says nothing about it: another instance of the same shape stands for it.</summary>
    public bool IsUnreported;

    public bool HasDefer, HasRecover;
    /// <summary>Instance of a generic function (or method of a generic type), or inside one.</summary>
    public bool IsInstance;
    /// <summary>The checked function this comes from; null for closures and synthetic functions.</summary>
    public Func? Obj;
    /// <summary>What the builder needs to build the body again (inlining); private to IR.Build.</summary>
    public object? Source;
    public int TempCount;
    /// <summary>Escape summary of parameters (written by Escape; encoded as gc's tags).</summary>
    public object? EscapeTags;
    public object? Data;

    /// <summary>A literal inside an instance has the instance's message name.</summary>
    internal void NameAfter(Function outer)
    {
        IsUnreported = outer.IsUnreported;
        IsMessageOnly = outer.IsMessageOnly;
        if (outer.MessageName != null && LinkName.StartsWith(outer.LinkName, System.StringComparison.Ordinal))
            MessageName = outer.MessageName + LinkName[outer.LinkName.Length..];
    }

    public Local NewLocal(string name, GoType type, Pos pos, LocalClass cls = LocalClass.Auto)
    {
        var l = new Local { Name = name, Type = type, Pos = pos, Class = cls, Owner = this };
        Locals.Add(l);
        return l;
    }

    public Local NewTemp(GoType type, Pos pos)
    {
        var l = NewLocal($".autotmp_{Locals.Count}", type, pos);
        l.IsTemp = true;
        TempCount++;
        return l;
    }

    public override string ToString() => LinkName;
}

/// <summary>All of one package at tree level.</summary>
public sealed class PackageIR
{
    public required Package Pkg;
    /// <summary>Declared functions and methods in source order, then literals, instances, wrappers; `init` functions named pkg.init.0, …; the variable initialiser pkg.init.</summary>
    public List<Function> Functions = [];
    public List<Global> Globals = [];
    /// <summary>In the order to run: variable initialiser (if not empty after static initialisation), then init functions.</summary>
    public List<Function> InitFunctions = [];
    /// <summary>Types whose descriptors must exist besides those that code mentions: every named type of the package with its methods.</summary>
    public List<GoType> DeclaredTypes = [];
    /// <summary>Errors that only building finds (embedded files).</summary>
    public List<Diagnostic> Errors = [];
    /// <summary>Calls in initialisers that static data took the place of, with the position of the outermost one.</summary>
    public List<(Function Callee, Pos Pos)> StaticCalls = [];
    /// <summary>What passes report for -m.</summary>
    public CompileDiagnostics Diagnostics = new();
    /// <summary>Who built this; makes wrappers, instances and copies for inlining on demand (then Functions grows).</summary>
    public PackageBuilder? Builder;
}
