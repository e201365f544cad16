// Where strings and slices lie in variables: the collector needs pointers only, but a snapshot asks how far each of them reaches.

using System.Collections.Generic;
using Tuza.Abi;
using Tuza.IR;
using Tuza.Syntax;
using Tuza.Types;

namespace Tuza.Emit;

sealed partial class ImageBuilder
{
    /// <summary>More parts of one variable than this are not listed (large arrays).</summary>
    const int MostParts = 256;

    public List<VariablePart> Parts { get; } = [];
    public List<VariablePlace> Places { get; } = [];

    /// <summary>Variables of the program; what the compiler makes has no place.</summary>
    void AddPlace(Global g, long at)
    {
        if (g.Obj == null || !g.Pos.IsKnown || !Flatten.Of(g.Type).HasPointers)
            return;
        (string file, int line) = Positions.AtRunTime(g.Pos);
        Places.Add(new VariablePlace { Offset = at, File = Text(file), Line = line });
    }

    void AddParts(GoType type, long at)
    {
        int most = Parts.Count + MostParts;
        Walk(type, at);

        void Walk(GoType t, long offset)
        {
            if (Parts.Count >= most || !Flatten.Of(t).HasPointers)
                return;
            switch (t.Underlying)
            {
                case BasicType when Predicates.IsBasic(t, BasicInfo.String):
                    Parts.Add(new VariablePart { Offset = offset, ElementBytes = 1, Flags = PartFlags.IsString });
                    break;
                case SliceType s:
                    FlatType element = Flatten.Of(s.Elem);
                    if (element.Size is > 0 and <= int.MaxValue)
                        Parts.Add(new VariablePart { Offset = offset, ElementBytes = (int)element.Size, Flags = element.HasPointers ? PartFlags.HasPointers : PartFlags.None });
                    break;
                case StructType s:
                    long[] offsets = Flatten.Sizes.Offsetsof(s);
                    for (int i = 0; i < offsets.Length; i++)
                        Walk(s.Fields[i].Type, offset + offsets[i]);
                    break;
                case ArrayType a:
                    for (long i = 0; i < a.Len && Parts.Count < most; i++)
                        Walk(a.Elem, offset + i * Flatten.Of(a.Elem).Size);
                    break;
                default:
                    break;
            }
        }
    }
}
