// The file of a heap snapshot. CONTRACT FILE: written by Runtime/Dump, read by Inspect.
//
// A file is the magic, the version, then sections: a tag of four letters, the length of the payload (64 bits), the payload. Numbers are little-endian;
// "text" is an index into the strings of section TEXT (0 is the empty string); "type" and "stack" are indices into TYPE and STCK, 0 unknown.
// Sections come in any order, except that the last is END!: a file without it is not complete.
//
//   META  u32 count; pairs of strings: what was measured when it was written
//   TEXT  u32 count; strings (BinaryWriter's: 7-bit coded length, UTF-8)
//   TYPE  u32 count; each: text name, u8 kind, u64 size, u64 pointer bytes, u64 length (arrays), type element, type key,
//         u32 fields; each: text name, type, u64 offset
//   STCK  u32 count; each: u64 objects made there while traced, u64 their bytes, u16 column of the innermost frame outside the runtime (0: not known),
//         u16 frames, innermost first; each: text function, text file, u32 line
//   GLOB  u32 count; variables with pointers: text name, text file, u32 line (0: not known) of its declaration, u64 address, u64 bytes, mask, body,
//         u32 parts; each string or slice: u32 offset, u32 bytes of an element, u8 flags (PartFlags)
//   GORO  u32 count; each: u64 id, u8 status (SnapshotStatus), u8 system, text reason, u64 nanoseconds waiting, stack of the go statement,
//         text start function, u64 stack bytes, u32 pending defers,
//         u64 nanoseconds with many of them, u64 nanoseconds running without a wait (both 0: not long, or not known), u16 waited-for objects (u64 address each),
//         u32 what its pending deferred calls refer to (u64 address each; records that lie in the heap lead to the next), u32 frames, innermost first;
//         each: text function, text file, u32 line, u32 slots; each: text variable ("": not known; &name: the address of one in the heap), u64 value
//   GROW  u32 count; goroutines by go statement, seen several times while the program ran: stack, u32 how many first, u32 how many last,
//         u32 times seen, u32 times they had become more, u32 times fewer, u64 nanoseconds between first and last
//   SPEC  u32 count; each: u64 object, u8 kind (SnapshotSpecialKind), text function, u64 function value
//   TIMR  u32 count; timers that will fire: u64 object, u64 period in nanoseconds (0: once), u64 channel
//   SPAN  u32 count; each: u64 address, u64 pages, u8 span class, u8 state (SnapshotSpanState), u32 slots, u32 slots in use
//   OBJS  u64 count; in order of address: u64 address, u64 bytes, type, stack, u8 flags, u16 age (collections it has outlived; UnknownAge), u32 body bytes, mask (if not NoScan), body
//   END!  u64 objects, u64 bytes of all objects
//
// A mask has one bit per word of the body, (words + 63) / 64 words of 64 bits.

namespace Tuza.Abi;

public static class SnapshotFormat
{
    public const ulong Magic = 0x31_50_41_45_48_5A_55_54; // "TUZHEAP1"
    public const uint Version = 6;

    public const string Meta = "META", Text = "TEXT", Type = "TYPE", Stack = "STCK", Globals = "GLOB", Goroutines = "GORO", Growth = "GROW", Specials = "SPEC",
        Timers = "TIMR", Spans = "SPAN", Objects = "OBJS", End = "END!";

    /// <summary>From so many deferred calls on it is noted since when a goroutine has them, and they are worth a word.</summary>
    public const int ManyDefers = 64;

    /// <summary>Of objects made while nobody watched, and of those older than can be said.</summary>
    public const ushort UnknownAge = ushort.MaxValue;

    /// <summary>The type of maps' headers.</summary>
    public const string MapType = "maps.Map";
    public static System.ReadOnlySpan<byte> MapTypeUtf8 => "maps.Map"u8;

    /// <summary>Of objects without pointers at most so many bytes are kept: enough to compare strings.</summary>
    public const int MostNoScanBody = 4096;
}

[System.Flags]
public enum SnapshotFlags : byte
{
    None = 0,
    /// <summary>The object holds no pointers.</summary>
    NoScan = 1,
    /// <summary>Words that are not pointers were cleared on purpose; not those of maps' headers, which are numbers of entries.</summary>
    Redacted = 2,
}

/// <summary>What a special of an object is.</summary>
public enum SnapshotSpecialKind : byte { Other = 0, Finalizer = 1, WeakHandle = 2, Cleanup = 3 }

/// <summary>What the pages of a span are for.</summary>
public enum SnapshotSpanState : byte
{
    Objects = 1,
    /// <summary>Stacks and what the runtime keeps for itself.</summary>
    Runtime = 2,
}

/// <summary>What a goroutine does.</summary>
public enum SnapshotStatus : byte { Runnable = 1, Running = 2, SystemCall = 3, Waiting = 4 }
