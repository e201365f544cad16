// Binding of C# methods to Go symbols.

using System;

namespace Tuza.Abi;

/// <summary>
/// The method implements the Go symbol (link name, e.g. "runtime.newobject"). Its signature is the flattened one (docs/ARCHITECTURE.md section 2):
/// G* first; bool and sub-word integers as int/uint of their extension; pointers as pointers; further results through g->R.
/// </summary>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = true)]
public sealed class GoFuncAttribute(string symbol) : Attribute
{
    public string Symbol { get; } = symbol;
    /// <summary>Collects garbage, or shows a traceback: header and pointer slots must be current. Default true.</summary>
    public bool Safepoint { get; init; } = true;
    /// <summary>May park, unwind or move the stack: the caller checks after the call. Implies Safepoint. Default false.</summary>
    public bool Parks { get; init; }
    /// <summary>Bound only where the processor has this (see CpuFeatures); otherwise the Go function stays. Empty: everywhere.</summary>
    public string Needs { get; init; } = "";
    /// <summary>Never returns normally.</summary>
    public bool NoReturn { get; init; }
}
