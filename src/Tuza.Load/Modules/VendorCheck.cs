// Whether vendor/modules.txt says what go.mod (or go.work) says: the same explicit requirements, the same replacements. A vendor folder that lags
// behind would build other versions than the module asks for.

using System.Collections.Generic;
using System.Text;

namespace Tuza.Load;

/// <summary>What modules.txt states, to be compared with the modules it was made for.</summary>
sealed class VendorCheck(List<ModFile> mains, ModFile root)
{
    public HashSet<ModuleVersion> Explicit { get; } = [];
    public List<ModuleVersion> Listed { get; } = [];
    public Dictionary<ModuleVersion, ModuleVersion> Replaced { get; } = [];

    /// <summary>One line per difference, each after a line break; "" when all agrees.</summary>
    public string Findings()
    {
        string where = root.Use.Count > 0 ? "the workspace" : "go.mod";
        StringBuilder text = new();
        foreach (ModFile m in mains)
        {
            foreach (ModuleVersion r in m.Require)
            {
                if (!Explicit.Contains(r) && !mains.Exists(other => other.Module == r.Path))
                    Say(r, "is explicitly required in go.mod, but not marked as explicit in vendor/modules.txt");
            }
        }
        List<ModFile> replacers = [.. mains];
        if (root.Use.Count > 0)
            replacers.Add(root);
        foreach (ModFile m in replacers)
        {
            foreach ((ModuleVersion old, ModuleVersion with) in m.Replace)
            {
                string file = m == root && root.Use.Count > 0 ? "go.work" : "go.mod";
                if (!Replaced.TryGetValue(old, out ModuleVersion marked))
                    Say(old, $"is replaced in {file}, but not marked as replaced in vendor/modules.txt");
                else if (marked != with)
                    Say(old, $"is replaced by {with} in {file}, but marked as replaced by {marked} in vendor/modules.txt");
            }
        }
        foreach (ModuleVersion v in Listed)
        {
            if (Explicit.Contains(v) && !mains.Exists(m => m.Require.Contains(v)))
                Say(v, $"is marked as explicit in vendor/modules.txt, but not explicitly required in {(root.Use.Count > 0 ? "a " : "")}go.mod");
        }
        foreach ((ModuleVersion v, _) in Replaced)
        {
            if (!replacers.Exists(m => m.Replacement(v, out _)))
                Say(v, $"is marked as replaced in vendor/modules.txt, but not replaced in {where}");
        }
        return text.ToString();

        void Say(ModuleVersion v, string what) => text.Append("\n\t").Append(v).Append(": ").Append(what);
    }
}
