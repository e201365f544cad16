// Every function that the compiler calls by itself, with its flattened signature. CONTRACT FILE: Lower calls by these names, Emit
// declares the IL reference from the letters, the implementation is a C# method marked [GoFunc] or a Go function of package runtime.
//
// Signature letters: p pointer, i int64/int, u uint64/uintptr, w int32, b bool (int32), f float64, g float32; parameters, ':', results.
// Flags: s safepoint (may collect or trace back), m may move the stack, park, or call Go code (implies s; result check after the call), n no return (implies m).

using System.Collections.Generic;

namespace Tuza.Abi;

public readonly record struct RuntimeSig(string Symbol, string Params, string Results, bool Safepoint, bool Moves, bool NoReturn);

public static class RuntimeFn
{
    public static readonly Dictionary<string, RuntimeSig> All = [];

    static void Fn(string symbol, string sig, string flags)
    {
        int colon = sig.IndexOf(':');
        bool n = flags.Contains('n'), m = n || flags.Contains('m'), s = m || flags.Contains('s');
        All.Add(symbol, new RuntimeSig(symbol, sig[..colon], sig[(colon + 1)..], s, m, n));
    }

    static RuntimeFn()
    {
        // allocation
        Fn("runtime.newobject", "p:p", "s");                       // type
        Fn("runtime.makeslice", "pii:p", "m");    // elem type, len, cap: panics on bad sizes
        Fn("runtime.makeslicecopy", "piip:p", "m");                // elem type, tolen, fromlen, from
        Fn("runtime.growslice", "piiip:pii", "m");                 // old ptr, new len, old cap, num added, elem type: ptr, len, cap
        Fn("runtime.growsliceBuf", "piiippi:pii", "m");            // the same with a buffer of so many elements in the caller's frame
        Fn("runtime.moveslice", "ppiib:pii", "s");                 // elem type, ptr, len, cap, keep cap: copy on the heap
        Fn("runtime.mallocNoscan", "u:p", "s");                    // zeroed pointer-free bytes (funcvals without pointers, strings)
        // strings
        // The first parameter is a buffer in the caller's frame (of 32 bytes, 32 runes, 4 bytes) or nil.
        Fn("runtime.concatstrings", "ppi:pi", "s");                // pointer to array of strings, count
        Fn("runtime.concatbytes", "ppi:pii", "s");
        Fn("runtime.slicebytetostring", "ppi:pi", "s");
        Fn("runtime.stringtoslicebyte", "ppi:pii", "s");
        Fn("runtime.slicerunetostring", "ppi:pi", "s");
        Fn("runtime.stringtoslicerune", "ppi:pii", "s");
        Fn("runtime.intstring", "pi:pi", "s");
        Fn("runtime.decoderune", "pii:wi", "");                    // string, index k: rune, next index
        Fn("runtime.countrunes", "pi:i", "");
        Fn("runtime.cmpstring", "pipi:i", "");
        Fn("runtime.memequal", "ppu:b", "");
        Fn("runtime.memmove", "ppu:", "");
        // typed memory
        Fn("runtime.typedmemmove", "ppp:", "");                    // type, dst, src
        Fn("runtime.typedmemclr", "pp:", "");
        Fn("runtime.typedslicecopy", "ppipi:i", "");               // elem type, dst, dstLen, src, srcLen: copied count
        Fn("runtime.memclrHasPointers", "pu:", "");
        // interfaces
        Fn("runtime.convT", "pp:p", "s");                          // type, value address: boxed copy
        Fn("runtime.getitab", "ppb:p", "m");                       // interface type, type, canfail: itab (panics unless canfail)
        Fn("runtime.assertE2I", "pp:p", "m");                      // interface type, type word: itab; panics
        Fn("runtime.assertE2I2", "pp:p", "");                      // the same, nil if not
        Fn("runtime.panicdottypeE", "ppp:", "n");                  // have type, want type, interface type
        Fn("runtime.panicdottypeI", "ppp:", "n");                  // have itab, want, interface type
        Fn("runtime.efaceeq", "ppp:b", "m");                       // type, x data, y data (may panic: uncomparable)
        Fn("runtime.ifaceeq", "ppp:b", "m");                       // itab, x data, y data
        // maps (Go code of internal/runtime/maps and the runtime overlay)
        Fn("runtime.makemap", "pip:p", "m");                       // map type, hint, nil
        Fn("runtime.makemap_small", ":p", "m");
        Fn("runtime.mapaccess1", "ppp:p", "m");                    // type, map, key address: element address (never nil)
        Fn("runtime.mapaccess2", "ppp:pb", "m");
        Fn("runtime.mapassign", "ppp:p", "m");
        Fn("runtime.mapdelete", "ppp:", "m");
        Fn("runtime.mapclear", "pp:", "m");
        Fn("runtime.mapIterStart", "ppp:", "m");                   // type, map, iter
        Fn("runtime.mapIterNext", "p:", "m");
        Fn("runtime.mapaccess1_fast32", "ppw:p", "m");
        Fn("runtime.mapaccess2_fast32", "ppw:pb", "m");
        Fn("runtime.mapassign_fast32", "ppw:p", "m");
        Fn("runtime.mapassign_fast32ptr", "ppp:p", "m");
        Fn("runtime.mapdelete_fast32", "ppw:", "m");
        Fn("runtime.mapaccess1_fast64", "ppu:p", "m");
        Fn("runtime.mapaccess2_fast64", "ppu:pb", "m");
        Fn("runtime.mapassign_fast64", "ppu:p", "m");
        Fn("runtime.mapassign_fast64ptr", "ppp:p", "m");
        Fn("runtime.mapdelete_fast64", "ppu:", "m");
        Fn("runtime.mapaccess1_faststr", "pppi:p", "m");
        Fn("runtime.mapaccess2_faststr", "pppi:pb", "m");
        Fn("runtime.mapassign_faststr", "pppi:p", "m");
        Fn("runtime.mapdelete_faststr", "pppi:", "m");
        // channels
        Fn("runtime.makechan", "pi:p", "m");
        Fn("runtime.chansend1", "pp:", "m");                       // chan, element address
        Fn("runtime.chanrecv1", "pp:", "m");                       // chan, element address or nil
        Fn("runtime.chanrecv2", "pp:b", "m");
        Fn("runtime.closechan", "p:", "m");
        Fn("runtime.chanlen", "p:i", "");
        Fn("runtime.chancap", "p:i", "");
        Fn("runtime.selectgo", "ppuiib:ib", "m");                  // scase array, order array, 0, nsends, nrecvs, block: chosen, received
        Fn("runtime.selectnbsend", "pp:b", "m");
        Fn("runtime.selectnbrecv", "pp:bb", "m");                  // element address, chan: selected, received
        Fn("runtime.block", ":", "m");
        // goroutines, defer, panic
        Fn("runtime.newproc", "p:", "s");                          // funcval without arguments
        Fn("runtime.deferproc", "pu:", "s");                       // funcval, frame token (LowFrameToken): any number of calls; statements that run once: DeferLayout
        Fn("runtime.deferreturn", "u:", "m");                      // frame token: runs this frame's deferred calls
        Fn("runtime.gopanic", "pp:", "n");
        Fn("runtime.gorecover", ":pp", "m");
        Fn("runtime.goPreempt", ":", "m");
        Fn("runtime.sigpanic", ":", "n");
        Fn("runtime.panicIndex", "ii:", "n");
        Fn("runtime.panicIndexU", "ui:", "n");
        Fn("runtime.panicSliceAlen", "ii:", "n");
        Fn("runtime.panicSliceAlenU", "ui:", "n");
        Fn("runtime.panicSliceAcap", "ii:", "n");
        Fn("runtime.panicSliceAcapU", "ui:", "n");
        Fn("runtime.panicSliceB", "ii:", "n");
        Fn("runtime.panicSliceBU", "ui:", "n");
        Fn("runtime.panicSlice3Alen", "ii:", "n");
        Fn("runtime.panicSlice3AlenU", "ui:", "n");
        Fn("runtime.panicSlice3Acap", "ii:", "n");
        Fn("runtime.panicSlice3AcapU", "ui:", "n");
        Fn("runtime.panicSlice3B", "ii:", "n");
        Fn("runtime.panicSlice3BU", "ui:", "n");
        Fn("runtime.panicSlice3C", "ii:", "n");
        Fn("runtime.panicSlice3CU", "ui:", "n");
        Fn("runtime.panicSliceConvert", "ii:", "n");
        Fn("runtime.panicdivide", ":", "n");
        Fn("runtime.panicshift", ":", "n");
        Fn("runtime.panicmakeslicelen", ":", "n");
        Fn("runtime.panicmakeslicecap", ":", "n");
        Fn("runtime.panicnil", ":", "n");
        Fn("runtime.panicwrap", ":", "n");
        Fn("runtime.panicunsafeslicelen", ":", "n");
        Fn("runtime.panicunsafeslicenilptr", ":", "n");
        Fn("runtime.panicunsafestringlen", ":", "n");
        Fn("runtime.panicunsafestringnilptr", ":", "n");
        Fn("runtime.panicrangestate", "i:", "n");
        Fn("runtime.unreachable", ":", "n");
        // numbers
        Fn("runtime.complex128div", "ffff:ff", "");                // (a+bi) / (c+di)
        Fn("runtime.keepAlive", "p:", "");                         // a use: nothing happens
        Fn("runtime.memprofilerateset", ":", "s");                 // after an assignment to MemProfileRate
        // print
        Fn("runtime.printlock", ":", "");
        Fn("runtime.printunlock", ":", "");
        Fn("runtime.printsp", ":", "");
        Fn("runtime.printnl", ":", "");
        Fn("runtime.printbool", "b:", "");
        Fn("runtime.printint", "i:", "");
        Fn("runtime.printuint", "u:", "");
        Fn("runtime.printfloat", "f:", "");
        Fn("runtime.printfloat32", "g:", "");
        Fn("runtime.printcomplex", "ff:", "");
        Fn("runtime.printcomplex64", "gg:", "");
        Fn("runtime.printstring", "pi:", "");
        Fn("runtime.printpointer", "p:", "");
        Fn("runtime.printslice", "pii:", "");
        Fn("runtime.printeface", "pp:", "");
        Fn("runtime.printiface", "pp:", "");
        Fn("runtime.printhex", "u:", "");
        // hashing (building blocks for generated hash functions)
        Fn("runtime.memhash", "puu:u", "m");                       // address, seed, size
        Fn("runtime.memhash32", "pu:u", "m");                      // the hashes of the fast map functions: whole keys of 4 and 8 bytes, strings
        Fn("runtime.memhash64", "pu:u", "m");
        Fn("runtime.strhash", "pu:u", "m");
        Fn("runtime.f32hash", "pu:u", "");
        Fn("runtime.f64hash", "pu:u", "");
        Fn("runtime.c64hash", "pu:u", "");
        Fn("runtime.c128hash", "pu:u", "");
        Fn("runtime.interhash", "pu:u", "m");
        Fn("runtime.nilinterhash", "pu:u", "m");
    }
}
