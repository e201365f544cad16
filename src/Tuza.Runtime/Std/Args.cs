// Arguments and environment of the program, as Go slices of strings in memory that lives for ever.

using System.Collections.Generic;
using System.Runtime.InteropServices;

using Tuza.Abi;

namespace Tuza.Runtime;

/// <summary>os.Args, the environment, versions.</summary>
public static unsafe class Args
{
    static GoString* s_args, s_envs;
    static long s_argCount, s_envCount;
    static GoString s_goroot, s_version, s_modinfo;

    /// <summary>Before the program starts. The first argument is the program's name.</summary>
    public static void Init(IReadOnlyList<string> args, IReadOnlyList<string> environment, string goroot, string version)
    {
        s_args = Make(args);
        s_argCount = args.Count;
        s_envs = Make(environment);
        s_envCount = environment.Count;
        s_goroot = Text(goroot);
        s_version = Text(version);
    }

    /// <summary>The environment as KEY=value strings.</summary>
    public static List<string> Environment()
    {
        var list = new List<string>();
        foreach (System.Collections.DictionaryEntry e in System.Environment.GetEnvironmentVariables())
            list.Add(e.Key + "=" + e.Value);
        return list;
    }

    static GoString Text(string s)
    {
        byte* p = Utf8Text.Native(s, out int bytes);
        return new GoString { Ptr = p, Len = bytes };
    }

    static GoString* Make(IReadOnlyList<string> list)
    {
        GoString* a = (GoString*)NativeMemory.Alloc((nuint)(list.Count + 1), (nuint)sizeof(GoString));
        for (int i = 0; i < list.Count; i++)
            a[i] = Text(list[i]);
        return a;
    }

    [GoFunc("os.runtime_args", Safepoint = false)]
    public static void* GetArgs(G* g)
    {
        g->R[1] = g->R[2] = (ulong)s_argCount;
        return s_args;
    }

    [GoFunc("syscall.runtime_envs", Safepoint = false)]
    public static void* GetEnvs(G* g)
    {
        g->R[1] = g->R[2] = (ulong)s_envCount;
        return s_envs;
    }

    [GoFunc("runtime.defaultGOROOT", Safepoint = false)]
    public static void* GoRoot(G* g)
    {
        g->R[1] = (ulong)s_goroot.Len;
        return s_goroot.Ptr;
    }

    [GoFunc("runtime.buildVersion", Safepoint = false)]
    public static void* Version(G* g)
    {
        g->R[1] = (ulong)s_version.Len;
        return s_version.Ptr;
    }

    [GoFunc("runtime/debug.modinfo", Safepoint = false)]
    public static void* ModInfo(G* g)
    {
        g->R[1] = (ulong)s_modinfo.Len;
        return s_modinfo.Ptr;
    }
}
