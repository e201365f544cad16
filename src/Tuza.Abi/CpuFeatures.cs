// What the processor must have for a C# method to take the place of a Go function.

using System;
using System.Runtime.Intrinsics.X86;

namespace Tuza.Abi;

public static class CpuFeatures
{
    public static bool Has(string feature) => feature switch
    {
        "" => true,
        "aes" => Aes.IsSupported && Ssse3.IsSupported,
        "pclmul" => Pclmulqdq.IsSupported && Ssse3.IsSupported,
        _ => throw new ArgumentException($"unknown feature {feature}"),
    };

    /// <summary>All of them, for keys of what is compiled.</summary>
    public static string Text => $"aes={Has("aes")} pclmul={Has("pclmul")}";
}
