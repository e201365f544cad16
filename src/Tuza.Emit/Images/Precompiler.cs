// Machine code in advance for images of the standard library: ReadyToRun, made by crossgen2 of the .NET SDK.
//
// A program of fmt's size has RyuJIT compile some hundred methods before main runs; with machine code in the image it loads them instead. The
// image keeps its IL, and what turns out to be called often is compiled again by the tiered JIT. So only packages that change rarely go through
// this; a user's package is optimised at once by the JIT.
//
// The runtime's fast paths are inlined: an image and the toolchain's assemblies are one version bubble, because an image is for one build of the
// toolchain (its key). What an order is carried out with must therefore be the build that gave it (Toolchain). The framework may be replaced
// and is outside, and so are other images: flags can give one package a different image under the same importers.
//
// It takes three times as long as compiling to IL, so it is done behind the user's back: the first run of a program leaves an order in the
// cache, and a process of lowest priority (`tuza precompile`) carries orders out, one process per cache.
//
// Invariant: without crossgen2, or when it fails, the image that was there stays. A finished image replaces the plain one by a rename.

using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Runtime.Intrinsics.X86;
using System.Text;
using Tuza.Abi;

namespace Tuza.Emit;

public sealed class Precompiler
{
    readonly string _tool;

    Precompiler(string tool) => _tool = tool;

    /// <summary>crossgen2 in the folder of that name beside the toolchain, where `publish` puts it; null if it is not there.</summary>
    public static Precompiler? Find()
    {
        string tool = Path.Combine(AppContext.BaseDirectory, "crossgen2", "crossgen2");
        return File.Exists(tool) ? new Precompiler(tool) : null;
    }

    /// <summary>Another compiler with the same command line.</summary>
    public static Precompiler At(string tool) => new(tool);

    /// <summary>The build of the toolchain in its folder: what crossgen2 inlines from.</summary>
    public static string Toolchain()
    {
        StringBuilder text = new();
        foreach (string file in s_assemblies)
        {
            using FileStream stream = File.OpenRead(Path.Combine(AppContext.BaseDirectory, file));
            using PEReader reader = new(stream);
            MetadataReader metadata = reader.GetMetadataReader();
            text.Append(metadata.GetGuid(metadata.GetModuleDefinition().Mvid).ToString("N"));
        }
        return text.ToString();
    }

    static readonly string[] s_assemblies = ["Tuza.Abi.dll", "Tuza.Memory.dll", "Tuza.Runtime.dll", "Tuza.Emit.dll"];

    /// <summary>Gives machine code to images of the cache. all: the files of these and of what they depend on, by package path.</summary>
    public void Run(IReadOnlyList<string> packages, IReadOnlyDictionary<string, string> all)
    {
        if (packages.Count == 0)
            return;
        string folder = Directory.CreateTempSubdirectory("tuza-ahead").FullName;
        try
        {
            // Images lie in the cache under their keys; crossgen2 finds assemblies by their names.
            foreach ((string package, string file) in all)
                File.CreateSymbolicLink(Path.Combine(folder, ImageFormat.AssemblyName(package) + ".dll"), file);
            RunTool(folder, packages, all);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or System.ComponentModel.Win32Exception)
        {
            // The plain images do.
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    void RunTool(string folder, IReadOnlyList<string> packages, IReadOnlyDictionary<string, string> all)
    {
        ProcessStartInfo start = new(_tool) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        start.ArgumentList.Add("--single-file-compilation");
        start.ArgumentList.Add("--out-near-input");
        start.ArgumentList.Add("-O");
        start.ArgumentList.Add("--targetos:linux");
        start.ArgumentList.Add("--targetarch:x64");
        string instructions = InstructionSets();
        if (instructions != "")
            start.ArgumentList.Add("--instruction-set:" + instructions);
        start.ArgumentList.Add("--inputbubble");
        start.ArgumentList.Add("--inputbubbleref");
        start.ArgumentList.Add(AppContext.BaseDirectory + "Tuza.*.dll");
        foreach (string reference in (string[])[Path.GetDirectoryName(typeof(object).Assembly.Location)! + "/*.dll", AppContext.BaseDirectory + "Tuza.*.dll", folder + "/go.*.dll"])
        {
            start.ArgumentList.Add("-r");
            start.ArgumentList.Add(reference);
        }
        List<(string Image, string Result)> files = [];
        foreach (string package in packages)
        {
            string input = Path.Combine(folder, ImageFormat.AssemblyName(package) + ".dll");
            start.ArgumentList.Add(input);
            files.Add((all[package], Path.ChangeExtension(input, ".ni.dll")));
        }
        string toolchain = Toolchain();
        using Process p = Process.Start(start)!;
        p.StandardInput.Close();
        p.ErrorDataReceived += static (_, _) => { }; // read, so that the tool does not wait
        p.BeginErrorReadLine();
        p.StandardOutput.ReadToEnd();
        p.WaitForExit();
        foreach ((string image, string result) in files)
        {
            if (p.ExitCode == 0 && File.Exists(result) && toolchain == Toolchain()) // not replaced meanwhile
                ImageCache.Replace(image, result);
        }
    }

    /// <summary>What this machine has beyond the least that .NET asks for, in crossgen2's groups. A machine that lacks it takes the IL.</summary>
    static string InstructionSets()
    {
        if (!Avx2.IsSupported || !Bmi2.IsSupported || !Fma.IsSupported)
            return "";
        return Aes.IsSupported && Pclmulqdq.IsSupported ? "avx2,aes" : "avx2";
    }
}
