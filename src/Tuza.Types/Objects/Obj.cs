// What names stand for, scopes, and packages. CONTRACT FILE.

using System.Collections.Generic;
using Tuza.Syntax;

namespace Tuza.Types;

/// <summary>A named thing of the language.</summary>
public abstract class Obj
{
    public string Name = "";
    public Pos Pos;
    /// <summary>Null for predeclared objects.</summary>
    public Package? Pkg;
    public GoType Type = null!;
    /// <summary>The scope the object is declared in; null for fields, methods and labels.</summary>
    public Scope? Parent;
    /// <summary>Position from which a local object is visible.</summary>
    public Pos ScopePos;

    /// <summary>Set while the object is declared but not yet checked: completes it (its Type). Cleared by the checker.</summary>
    public System.Action<Obj>? Complete;
    /// <summary>Completes the object if that has not happened yet.</summary>
    public void EnsureComplete() => Complete?.Invoke(this);

    public bool Exported => ExportedName(Name);
    public static bool ExportedName(string name) =>
        name.Length > 0 && (name[0] < 0x80 ? name[0] is >= 'A' and <= 'Z' : System.Text.Rune.IsUpper(System.Text.Rune.GetRuneAt(name, 0)));
}

public sealed class PkgName : Obj { public Package Imported = null!; public bool Used; public ImportDecl? Decl; }

public sealed class Const : Obj { public Constant? Value; }

public sealed class TypeName : Obj
{
    public bool IsAlias;
}

/// <summary>A variable, parameter, result or struct field.</summary>
public sealed class Var : Obj
{
    public bool IsField, Embedded, IsParam, Used;
    /// <summary>Package-level variable.</summary>
    public bool IsGlobal => Pkg != null && ReferenceEquals(Parent, Pkg.Scope);
    /// <summary>The generic field or variable this was substituted from, else itself.</summary>
    public Var? OriginOrNull;
    public Var Origin => OriginOrNull ?? this;
}

/// <summary>A function or method (concrete or of an interface); Type is a Signature.</summary>
public sealed class Func : Obj
{
    public Signature Sig
    {
        get
        {
            if (Type == null)
                EnsureComplete();
            return (Signature)Type!;
        }
    }
    public FuncDecl? Decl;
    /// <summary>For a method of an instantiated type or substituted signature: the declared one; else itself.</summary>
    public Func? OriginOrNull;
    public Func Origin => OriginOrNull ?? this;
    /// <summary>The receiver base type is a pointer.</summary>
    public bool PtrRecv;
    public bool IsInterfaceMethod;
}

public sealed class Label : Obj { public bool Used; public LabeledStmt? Stmt; }

public enum BuiltinId : byte
{
    Append, Cap, Clear, Close, Complex, Copy, Delete, Imag, Len, Make, Max, Min, New, Panic, Print, Println, Real, Recover,
    UnsafeAdd, UnsafeAlignof, UnsafeOffsetof, UnsafeSizeof, UnsafeSlice, UnsafeSliceData, UnsafeString, UnsafeStringData,
}

public sealed class Builtin : Obj { public BuiltinId Id; }
public sealed class Nil : Obj;

/// <summary>A lexical scope.</summary>
public sealed class Scope(Scope? parent, Pos pos, Pos end, string comment)
{
    readonly Dictionary<string, Obj> _elems = [];
    public Scope? Parent { get; } = parent;
    public Pos Pos = pos, End = end;
    public string Comment { get; } = comment;
    public bool IsFunc;
    public IReadOnlyDictionary<string, Obj> Elems => _elems;
    public Obj? Lookup(string name) => _elems.GetValueOrDefault(name);

    /// <summary>Declares obj under its name; returns the previous holder of the name, or null on success.</summary>
    public Obj? Insert(Obj obj) => InsertAs(obj.Name, obj);
    public Obj? InsertAs(string name, Obj obj)
    {
        if (_elems.TryGetValue(name, out var old))
            return old;
        _elems.Add(name, obj);
        obj.Parent ??= this;
        return null;
    }

    /// <summary>Finds name here or in an enclosing scope, visible at pos (Pos.None: anywhere).</summary>
    public Obj? LookupParent(string name, Pos pos, out Scope? found)
    {
        for (Scope? s = this; s != null; s = s.Parent)
            if (s._elems.TryGetValue(name, out var o) && (!pos.IsKnown || !o.ScopePos.IsKnown || o.ScopePos.FileId != pos.FileId || o.ScopePos <= pos))
            {
                found = s;
                return o;
            }
        found = null;
        return null;
    }
}

/// <summary>A type-checked package: waist (1) of the house. Frozen once the checker is done.</summary>
public sealed class Package(string path, string name)
{
    public string Path { get; } = path;
    public string Name { get; set; } = name;
    public Scope Scope { get; } = new(Universe.Scope, default, default, "package");
    public List<Package> Imports { get; } = [];
    public List<FileNode> Files { get; } = [];
    /// <summary>Language version "go1.27".</summary>
    public string GoVersion { get; set; } = "";
    public bool IsStd { get; set; }
    /// <summary>Package unsafe.</summary>
    public bool IsUnsafe => Path == "unsafe";
    public TypeInfo Info { get; } = new();
    /// <summary>Errors were found; the typed tree is incomplete and must not be compiled.</summary>
    public bool HasErrors { get; set; }
    /// <summary>What checked the package and can still check its pending function bodies; null for unsafe.</summary>
    public Checker? Checker { get; set; }
    public override string ToString() => Path;
}
