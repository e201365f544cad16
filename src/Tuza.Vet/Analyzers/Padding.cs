// PADDING: structs that another order of fields makes much smaller, block and all.
//
// Reported is what is worth a change: the block of one value gets smaller by a quarter or more, or the value does and is an element of slices,
// arrays or maps of the program, where the class of one value does not matter. Structs whose order is seen from outside (tags, literals
// without names, conversions, encoders, unsafe) are left alone, and so are those with blank fields.

using System;
using System.Collections.Generic;
using Tuza.Syntax;
using Tuza.Types;

namespace Tuza.Vet;

/// <summary>The PADDING analyzer.</summary>
public static class Padding
{
    const int MinPercent = 25;

    public static void Run(VetProgram program, Action<Finding> report)
    {
        HashSet<NamedType> elements = ElementTypes(program);
        List<AtomicUse>? atomics = null;
        foreach (VetPackage p in program.Packages)
        {
            if (!p.IsRoot)
                continue;
            foreach (FileNode file in p.Pkg.Files)
                Walk.Tree(file, n =>
                {
                    if (n is TypeDecl { TypeParams.Count: 0, Type: StructTypeExpr node } d && p.Info.Defs.GetValueOrDefault(d.Name) is TypeName { IsAlias: false, Type: NamedType t }
                        && t.Underlying is StructType s && s.Fields.Count > 1 && !Subst.HasTypeParam(s))
                        Check(p, d, node, t, s);
                    return true;
                });
        }

        void Check(VetPackage p, TypeDecl d, StructTypeExpr node, NamedType t, StructType s)
        {
            TypeLayout layout = TypeLayout.Of(t.Obj.Name, t, "amd64");
            FieldOrder best = layout.Best!;
            bool block = Percent(layout.BlockBytes, best.BlockBytes) >= MinPercent;
            bool element = Percent(layout.Size, best.Size) >= MinPercent && elements.Contains(t);
            if ((!block && !element) || StructRewriter.Blockers(program, t).Count > 0)
                return;
            atomics ??= AtomicUses.Of(program);
            best = TypeLayout.BestOrder(s, layout.Sizes, f => atomics.Exists(u => ReferenceEquals(u.Field.Origin, f.Origin)));
            if (StructRewriter.Reorder(node, best.Order) is not { } edit)
                return;
            List<string> names = [];
            foreach (int i in best.Order)
                names.Add(s.Fields[i].Name);
            string order = string.Join(", ", names);
            string message = block
                ? $"{t.Obj.Name} takes a block of {layout.BlockBytes} bytes ({layout.Size} used, {layout.PaddingBytes} of them padding), {layout.BlockBytes} -> {best.BlockBytes} bytes with order {order}"
                : $"{t.Obj.Name} has {layout.Size} bytes, {layout.PaddingBytes} of them padding, {layout.Size} -> {best.Size} bytes with order {order}";
            report(new Finding(d.Name.Pos, SourceText.Of(d)!.EndPos(d.Name), "PADDING", "layout/padding", message)
            {
                Fix = new Fix($"order {order}", [edit]),
            });
        }
    }

    static long Percent(long now, long then) => now == 0 ? 0 : 100 * (now - then) / now;

    /// <summary>Named types that are elements of slices, arrays, maps and channels somewhere in the program.</summary>
    static HashSet<NamedType> ElementTypes(VetProgram program)
    {
        HashSet<NamedType> set = new(ReferenceEqualityComparer.Instance);
        foreach (VetPackage p in program.Packages)
        {
            foreach (TypeAndValue tv in p.Info.Types.Values)
            {
                if (!tv.IsType)
                    continue;
                GoType? elem = tv.Type switch { SliceType s => s.Elem, ArrayType { Len: > 4 } a => a.Elem, MapType m => m.Elem, _ => null };
                if (elem is NamedType n)
                    set.Add(n);
            }
        }
        return set;
    }
}
