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

    /// <summary>All that can be asked for.</summary>
    public static ReadOnlySpan<string> All => s_all;

    static readonly string[] s_all = ["aes", "pclmul"];

    /// <summary>Which of them are there, for keys of what is compiled.</summary>
    public static string Text
    {
        get
        {
            string text = "";
            foreach (string feature in All)
                text += $"{feature}={Has(feature)} ";
            return text;
        }
    }
}
