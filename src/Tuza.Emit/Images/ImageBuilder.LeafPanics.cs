// Where panics of functions without a frame go: one method for each panic, kind of arguments and kind of result.
//
// It pushes the frame that the traceback wants, calls the function that panics, and unwinds for its caller, so that the caller's own part is
// a jump with the header of the site in a register. What it returns is never looked at.

using System.Collections.Generic;
using System.Reflection.Metadata;
using Tuza.Abi;
using Tuza.IR;

namespace Tuza.Emit;

static class LeafPanics
{
    public const string Suffix = "$leaf";
}

sealed partial class ImageBuilder
{
    readonly Dictionary<string, int> _leafPanics = [];

    /// <summary>The method (g, header, args) for a function whose first result is of this type (null: no result).</summary>
    public int LeafPanic(string symbol, List<LowType> args, LowType? result)
    {
        List<LowType> results = result is { } t ? [t] : [];
        string sig = ImageMetadata.Signature(false, [LowType.I64, .. args], results);
        string name = symbol + LeafPanics.Suffix;
        if (_leafPanics.TryGetValue(name + sig, out int token))
            return token;
        token = NewMethod(name, sig);
        Methods[RowOf(token)].Never = true;
        _leafPanics.Add(name + sig, token);
        var il = new IlWriter(name, Options.DumpIl);
        int fp = 0;
        void G(ILOpCode op, string field, int pops, int pushes) => il.Token(op, Meta.Field(typeof(G), field), pops, pushes, "G." + field);
        il.Ldarg(0);
        G(ILOpCode.Ldfld, nameof(Abi.G.Sp), 1, 1);
        il.LdcI4(FrameInfo.MinFrameBytes);
        il.Binary(ILOpCode.Sub);
        il.Stloc(fp);
        il.Ldloc(fp);
        il.Ldarg(1);
        il.Op(ILOpCode.Stind_i8, 2, 0);
        il.Ldarg(0);
        il.Ldloc(fp);
        G(ILOpCode.Stfld, nameof(Abi.G.Sp), 2, 0);
        il.Ldarg(0);
        for (int i = 0; i < args.Count; i++)
            il.Ldarg(i + 2);
        Callee callee = Resolve(symbol);
        string wanted = ImageMetadata.Signature(false, args, []);
        switch (callee.Kind)
        {
            case CalleeKind.Native:
                il.Token(ILOpCode.Call, Meta.Member(callee.Native!.Method), args.Count + 1, 0, callee.Name);
                break;
            case CalleeKind.Own:
                il.Token(ILOpCode.Call, callee.Token, args.Count + 1, 0, callee.Name);
                break;
            case CalleeKind.Image:
                il.Token(ILOpCode.Call, Meta.ImageMethod(callee.Package!, callee.Name, callee.Signature ?? wanted), args.Count + 1, 0, callee.Name);
                break;
            default:
                il.Token(ILOpCode.Ldsfld, ImportsField, 0, 1, "imports");
                il.LdcI(8L * ImportCode(callee.Name, wanted, _input.Pkg));
                il.Add();
                il.Unary(ILOpCode.Ldind_i);
                il.Token(ILOpCode.Calli, Meta.Calli(wanted), args.Count + 2, 0, wanted);
                break;
        }
        il.Ldarg(0);
        il.Ldarg(0);
        G(ILOpCode.Ldfld, nameof(Abi.G.UnwindFp), 1, 1);
        il.LdcI4(FrameInfo.MinFrameBytes);
        il.Add();
        G(ILOpCode.Stfld, nameof(Abi.G.UnwindFp), 2, 0);
        switch (sig[^1])
        {
            case 'v': break;
            case 'f': il.LdcR4(0); break;
            case 'd': il.LdcR8(0); break;
            case 'w': il.LdcI4(0); break;
            case 'i': il.LdcI(0); break;
            default: il.LdcI8(0); break;
        }
        il.Ret(results.Count);
        Put(token, new MethodCode { Name = name, Il = il.Finish(), MaxStack = il.MaxStack, LocalTypes = "i", Listing = il.Listing });
        return token;
    }
}
