// Known to the runtime by its name: an assembly carrying it may use the internal members of the named assembly. Images carry it, so that
// runtime methods bound to Go symbols need not be public.

namespace System.Runtime.CompilerServices;

[AttributeUsage(AttributeTargets.Assembly, AllowMultiple = true)]
public sealed class IgnoresAccessChecksToAttribute(string assemblyName) : Attribute
{
    public string AssemblyName { get; } = assemblyName;
}
