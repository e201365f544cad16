// The C# methods that implement Go symbols: found by reflection over Memory and Runtime, once per process.

using System;
using System.Collections.Frozen;
using System.Collections.Generic;
using System.Reflection;
using Tuza.Abi;
using Tuza.IR;

namespace Tuza.Emit;

/// <summary>A C# method bound to a Go symbol.</summary>
sealed record NativeSymbol(string Symbol, MethodInfo Method, CallEffect Effect);

static class NativeSymbols
{
    static readonly Lazy<FrozenDictionary<string, NativeSymbol>> s_all = new(Scan);

    public static NativeSymbol? Find(string symbol) => s_all.Value.GetValueOrDefault(symbol);

    /// <summary>The assemblies whose methods are bound; images reference them.</summary>
    public static readonly string[] Assemblies = ["Tuza.Memory", "Tuza.Runtime"];

    static FrozenDictionary<string, NativeSymbol> Scan()
    {
        var all = new Dictionary<string, NativeSymbol>();
        foreach (string name in Assemblies)
            foreach (var type in Assembly.Load(name).GetTypes())
                foreach (var m in type.GetMethods(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
                    foreach (var a in m.GetCustomAttributes<GoFuncAttribute>(false))
                        if (CpuFeatures.Has(a.Needs) && !all.TryAdd(a.Symbol, new NativeSymbol(a.Symbol, m, EffectOf(a))))
                            throw new InvalidOperationException($"symbol {a.Symbol} is implemented by {all[a.Symbol].Method} and by {m} of {type}");
        return all.ToFrozenDictionary();
    }

    static CallEffect EffectOf(GoFuncAttribute a)
    {
        var effect = a.NoReturn ? CallEffect.NoReturn : a.Parks ? CallEffect.Moves : a.Safepoint ? CallEffect.Safepoint : CallEffect.None;
        // The compiler's own table knows better than the attribute's default.
        if (RuntimeFn.All.TryGetValue(a.Symbol, out var sig))
            effect = sig.NoReturn ? CallEffect.NoReturn : sig.Moves ? CallEffect.Moves : sig.Safepoint || a.Parks ? (a.Parks ? CallEffect.Moves : CallEffect.Safepoint) : CallEffect.None;
        return effect;
    }
}
