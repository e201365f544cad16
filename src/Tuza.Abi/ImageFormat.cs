// The data part of a package image. CONTRACT FILE: written by Emit/Images, read by Runtime/Images (and by the compiler, for symbols of dependencies).
//
// An image is a .NET assembly with one static class and one manifest resource. The resource is: ImageHeader, then the sections it lists, each
// aligned to 16 bytes. All records below are plain little-endian structs; a TextRef points into the section Text (UTF-8, not terminated).
//
// Addresses in an image are offsets from the start of its data segment, which the loader allocates: zero, except for the runs of section Data.
// What code cannot know at compile time (descriptors, variables of other images, late-bound functions) stands in the import table: one
// address per ImportRecord, in the same order.

using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace Tuza.Abi;

public static class ImageFormat
{
    public const ulong Magic = 0x31_47_4D_49_41_5A_55_54; // "TUZAIMG1"
    public const int Version = 7;
    public const string ResourceName = "go";
    /// <summary>Name of the place of all variables of size zero; the loader knows it.</summary>
    public const string ZeroBase = "runtime.zerobase";
    /// <summary>Metadata token of the static class: the first type behind &lt;Module&gt;.</summary>
    public const int ClassToken = 0x02000002;
    /// <summary>Names of the static class and of its fields that the loader sets through ImageStatics.</summary>
    public const string ClassName = "Go", HeaderField = "header", DataField = "data", ImportsField = "imports", BarrierField = "barrier";

    /// <summary>The simple name of a package's assembly: unique, and fit for a file name.</summary>
    public static string AssemblyName(string packagePath)
    {
        StringBuilder name = new("go.");
        foreach (char c in packagePath)
        {
            if (c == '/')
                name.Append('.');
            else if (c == '.')
                name.Append('~');
            else if (char.IsAsciiLetterOrDigit(c) || c is '_' or '-')
                name.Append(c);
            else
                name.Append('$').Append(((int)c).ToString("x", CultureInfo.InvariantCulture));
        }
        return name.ToString();
    }
}

public enum ImageSection
{
    /// <summary>Strings with a 32-bit count first, each with 32-bit length: package path, settings of GODEBUG (of a program), key, then the paths of all packages needed before this one.</summary>
    Info,
    Text, Funcs,
    /// <summary>SiteDescs, in Masks what they refer to; InlineDescs. The loader uses them in place.</summary>
    Sites, Masks, Inlines,
    /// <summary>DataRun records, then the bytes of all runs.</summary>
    DataRuns, DataBytes,
    /// <summary>One bit per word of the data segment: may hold a pointer into the heap.</summary>
    DataMask,
    Relocs, Imports, FuncVals,
    /// <summary>See TypeSectionFormat.</summary>
    Types,
    /// <summary>CodeRecords of the functions that descriptors refer to by number.</summary>
    TypeCode,
    /// <summary>32-bit indices of functions to run at start, in order.</summary>
    Inits,
    /// <summary>Open-addressing hash table of SymbolRecords (a power of two many), by FNV-1a of the name.</summary>
    Symbols,
    /// <summary>VariableParts: where strings and slices lie in the data segment.</summary>
    Parts,
    /// <summary>VariablePlaces: where the variables with pointers are declared.</summary>
    Places,
    /// <summary>The column of each site, 16 bits, 0 not known; only snapshots look at these.</summary>
    Columns,
    /// <summary>FrameNames, in the order of the functions: which variables lie where in frames.</summary>
    FrameNames,
    /// <summary>For the compiler: facts about functions that callers in other packages use.</summary>
    Summary,
    /// <summary>For the compiler: functions that may be inlined, and their costs.</summary>
    Inlinable,
    Count,
}

[StructLayout(LayoutKind.Sequential)]
public unsafe struct ImageHeader
{
    public ulong Magic;
    public int Version;
    /// <summary>Index of main.main, or -1.</summary>
    public int MainFunc;
    public long DataBytes;
    /// <summary>Offset and length of each section.</summary>
    public fixed long Sections[2 * (int)ImageSection.Count];
}

[StructLayout(LayoutKind.Sequential)]
public struct TextRef
{
    public int Offset, Length;
}

[StructLayout(LayoutKind.Sequential)]
public struct FuncRecord
{
    public TextRef Name, File;
    /// <summary>IL signature in letters (see ImageMetadata), for callers in other images.</summary>
    public TextRef Signature;
    public int StartLine, FrameBytes, FirstSite, SiteCount, FirstInline, InlineCount;
    public FuncFlags Flags;
    /// <summary>Method tokens; Resume 0 if there is none.</summary>
    public int Token, ResumeToken;
    public FuncFacts Facts;
}

/// <summary>What callers in other images may rely on.</summary>
[System.Flags]
public enum FuncFacts { None = 0, Pure = 1 }

[StructLayout(LayoutKind.Sequential)]
public struct DataRun
{
    public long Offset, Bytes;
}

/// <summary>The word at Offset is the data segment's address (Import &lt; 0) or the import's, plus Addend.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct RelocRecord
{
    public long Offset, Addend;
    public int Import;
    int _pad;
}

public enum ImportKind { Type, Itab, Global, Code }

/// <summary>Type, Itab: Index in the type section. Global, Code: symbol Name, sought in Package first. Code: Token is a stub to use if there is none.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct ImportRecord
{
    public ImportKind Kind;
    public int Index;
    public TextRef Name, Package;
    public int Token;
}

/// <summary>A static func value: the word at Offset is the code of method Token, which stands for the function Name.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuncValRecord
{
    public long Offset;
    public TextRef Name;
    public int Token;
    /// <summary>Index of the function if it is of this image, or -1.</summary>
    public int Func;
}

/// <summary>Code by number: method Token of this image, or (Token 0) the symbol Name, sought in Package first.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct CodeRecord
{
    /// <summary>Func of what C# implements: the search through C# costs as much as starting .NET and is left to those.</summary>
    public const int Native = -2;

    public int Token;
    public int Func;
    public TextRef Name, Package;
}

/// <summary>A string or slice in a variable; only snapshots look at these.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct VariablePart
{
    public long Offset;
    /// <summary>1 for a string.</summary>
    public int ElementBytes;
    public PartFlags Flags;
}

/// <summary>Where a variable is declared; only snapshots look at these.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct VariablePlace
{
    public long Offset;
    public TextRef File;
    public int Line;
    readonly uint _pad;
}

/// <summary>A variable in a frame, between two sites of its function; only snapshots look at these.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FrameName
{
    /// <summary>Index of the function in its image.</summary>
    public int Func;
    public int FirstSite, LastSite;
    /// <summary>From fp.</summary>
    public int Offset, Bytes;
    /// <summary>With an ampersand before it: the variable is in the heap, this is its address.</summary>
    public TextRef Name;
}

[System.Flags]
public enum PartFlags { None = 0, IsString = 1, HasPointers = 2 }

public enum SymbolKind { None, Func, Global }

/// <summary>A defined symbol: Value is a function index or an offset in the data segment.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct SymbolRecord
{
    public TextRef Name;
    public SymbolKind Kind;
    uint _pad;
    public long Value;
}
