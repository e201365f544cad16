// The few places of the standard library that assume assembly.
//
// reflect calls functions, and makes functions, whose type it knows, through assembly that is given only a code pointer. Our functions have typed
// entry points, so these places hand on the function type they have. Each patch names the text it replaces and must find it exactly
// once: when a release changes the place, loading says so instead of compiling something else. Lines keep their numbers. What a file gets
// in addition follows behind its last line: the file of the folder Additions that is named by package and file.

using System;
using System.IO;
using System.Text;

namespace Tuza.Load;

static class Patches
{
    sealed record Patch(string Package, string File, string Old, string New);

    static readonly Patch[] s_all =
    [
        new("reflect", "makefunc.go", "code := abi.FuncPCABI0(makeFuncStub)", "code := funcStubFor(unsafe.Pointer(ftyp))"),
        new("reflect", "makefunc.go", "\tcode := methodValueCallCodePtr()", "\tcode := methodStubFor(unsafe.Pointer(ftyp))"),
        // Every method value has the same code pointer for the program; which one does not matter.
        new("reflect", "makefunc.go", "return abi.FuncPCABI0(methodValueCall)", "return abi.FuncPCABI0(methodValueCallCodePtr)"),
        new("reflect", "value.go", "call(frametype, fn, stackArgs, uint32(frametype.Size()), uint32(abid.retOffset), uint32(frameSize), &regArgs)",
            "callTyped(unsafe.Pointer(t), rcvrtype != nil, fn, stackArgs); _, _ = frameSize, &regArgs"),
        new("reflect", "value.go", "call(methodFrameType, methodFn, methodFrame, uint32(methodFrameType.Size()), uint32(methodABI.retOffset), uint32(methodFrameSize), &methodRegs)",
            "callTyped(unsafe.Pointer(valueFuncType), true, methodFn, methodFrame); _ = methodFrameSize"),
        // Between fork and exec runs no Go code: see the addition.
        new("syscall", "exec_linux.go", "func forkAndExecInChild(argv0", "func forkAndExecInChildInGo(argv0"),
        new("syscall", "exec_linux.go", "\nfunc doCheckClonePidfd(", "\nfunc doCheckClonePidfdInGo("),
        // The program's file is not that of the process.
        new("os", "executable_procfs.go", "path, err := Readlink(procfn)", "path, err := executablePath(procfn)"),
        // Marks in the code of a program that say which cryptography it uses; there is nothing to do.
        new("crypto/internal/boring/sig", "sig.go", "func BoringCrypto()", "func BoringCrypto() {}"),
        new("crypto/internal/boring/sig", "sig.go", "func FIPSOnly()", "func FIPSOnly() {}"),
        new("crypto/internal/boring/sig", "sig.go", "func StandardCrypto()", "func StandardCrypto() {}"),
    ];

    /// <summary>The text to compile for a file of the standard library.</summary>
    public static byte[] Apply(string package, string file, byte[] text)
    {
        if (!Array.Exists(s_all, p => p.Package == package && p.File == file))
            return text;
        string s = Encoding.UTF8.GetString(text);
        foreach (var p in s_all)
        {
            if (p.Package != package || p.File != file)
                continue;
            int at = s.IndexOf(p.Old, StringComparison.Ordinal);
            if (at < 0 || s.IndexOf(p.Old, at + 1, StringComparison.Ordinal) >= 0)
                throw new System.IO.InvalidDataException($"{package}/{file} of this GOROOT is not the one of Go 1.27: `{p.Old.Trim()}` is not there once");
            s = string.Concat(s.AsSpan(0, at), p.New, s.AsSpan(at + p.Old.Length));
        }
        s += Addition($"{package.Replace('/', '.')}.{file}");
        return Encoding.UTF8.GetBytes(s);
    }

    static string Addition(string name)
    {
        using Stream? stream = typeof(Patches).Assembly.GetManifestResourceStream(name);
        return stream == null ? "" : new StreamReader(stream).ReadToEnd();
    }
}
