// The packages of the standard library whose files are not chosen by the build tags alone.
//
// The tag purego already removes most assembly. What is left: packages that have portable files for architectures
// without assembly, which are selected as for an unknown architecture, and one where the right mixture exists for no architecture and is
// listed by name. Functions that still have no body are hooks and intrinsics of the runtime.

using System.Collections.Generic;

namespace Tuza.Load;

/// <summary>File selection of standard packages.</summary>
static class Selections
{
    static readonly HashSet<string> s_unknownArch = ["math", "internal/runtime/gc/scan", "internal/abi"];

    /// <summary>Files left out of, and added to, the amd64 selection.</summary>
    static readonly Dictionary<string, (string[] Without, string[] With)> s_lists = new()
    {
        ["internal/runtime/maps"] = (["memhash_aes.go", "memhash_aes_asm.go", "memhash_align_check.go"],
            ["memhash_noaes.go", "memhash_align_nocheck.go"]),
    };

    public static bool IsUnknownArch(string importPath) => s_unknownArch.Contains(importPath);

    /// <summary>True or false where the table decides about a file, null where the tags do.</summary>
    public static bool? Decide(string importPath, string file)
    {
        if (!s_lists.TryGetValue(importPath, out (string[] Without, string[] With) list))
            return null;
        if (System.Array.IndexOf(list.Without, file) >= 0)
            return false;
        return System.Array.IndexOf(list.With, file) >= 0 ? true : null;
    }
}
