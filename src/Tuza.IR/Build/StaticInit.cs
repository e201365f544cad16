// Values that can be laid out before the program runs.
//
// TryAssign writes the value of an expression into the bytes of a global, with relocations for pointers; what cannot be known (calls, map
// literals, ...) becomes ordinary assignments, appended to Dynamic, into the right place of the global or of the data behind it. It answers
// false, with nothing written, when the expression as a whole has to be computed.
//
// A package variable may be copied from another one that is static, as long as nothing could have changed that one meanwhile: no call
// was part of any initialiser before (SeenMutation). Calls of functions that consist of one `return` with a static value (errors.New)
// count as that value.
//
// Read-only images are stricter: they are copied each time the literal is evaluated, so they must not contain memory that the copies
// would share; nested slices and pointers to literals disqualify.

using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Numerics;
using Tuza.Syntax;
using Tuza.Types;

namespace Tuza.IR;

sealed class StaticInit(PackageBuilder pb)
{
    const int WordBytes = 8;
    const int MaxCallDepth = 4;

    readonly Sizes _sizes = pb.Ctx.Sizes;
    readonly HashSet<Global> _complete = [];
    readonly Dictionary<Local, ExprNode> _bound = [];
    readonly Dictionary<Function, ExprNode?> _returnValues = [];
    int _callDepth;
    Pos _callPos;

    public List<StmtNode> Dynamic { get; } = [];
    public bool SeenMutation { get; set; }

    /// <summary>var g = y. False: y must be computed as a whole, by the caller.</summary>
    public bool TryInit(Global g, ExprNode y)
    {
        SeenMutation = SeenMutation || MayMutate(y);
        int before = Dynamic.Count;
        if (!TryAssign(g, 0, y, g.Type, () => GlobalRef(g, y.Pos)))
            return false;
        if (Dynamic.Count == before)
            _complete.Add(g);
        return true;
    }

    static GlobalNode GlobalRef(Global g, Pos pos) => new() { Global = g, Type = g.Type.Unalias, Pos = pos };

    // ---- laying out

    void Assign(Global g, long offset, ExprNode r, GoType type, Func<ExprNode> place)
    {
        if (!TryAssign(g, offset, r, type, place))
            Dynamic.Add(new AssignNode { X = place(), Y = r, Pos = r.Pos });
    }

    bool TryAssign(Global g, long offset, ExprNode r, GoType type, Func<ExprNode> place)
    {
        r = Strip(r);
        if (r.Init != null)
            return false;
        switch (r)
        {
            case NilNode or ZeroNode:
                return true;
            case ConstNode c:
                WriteConst(g, offset, c.Value, c.Type);
                return true;
            case FuncNode f:
                AddReloc(g, offset, f.Func, 0);
                return true;
            case ClosureNode { Func.ClosureVars.Count: 0 } c:
                AddReloc(g, offset, c.Func, 0);
                return true;
            case GlobalNode other:
                return TryCopy(g, offset, other.Global);
            case AddrNode a when Place(a.X) is { } p:
                AddReloc(g, offset, p.Global, p.Offset);
                return true;
            case AddrNode { X: CompositeNode or MapLitNode } a:
                {
                    var data = pb.NewStatic(a.X.Type, a.Pos, false);
                    AddReloc(g, offset, data, 0);
                    Assign(data, 0, a.X, a.X.Type, () => GlobalRef(data, a.Pos));
                    return true;
                }
            case ConvNode { Kind: ConvKind.StringToBytes, X: ConstNode { Value: StringConstant s } } c:
                {
                    var data = pb.NewStatic(new ArrayType(Universe.Uint8, s.Value.Length), c.Pos, false);
                    data.Init!.Bytes = s.Value;
                    WriteSlice(g, offset, data, s.Value.Length);
                    return true;
                }
            case CompositeNode c when c.Type.Underlying is SliceType slice:
                {
                    var data = pb.NewStatic(new ArrayType(slice.Elem, c.Len), c.Pos, false);
                    WriteSlice(g, offset, data, c.Len);
                    Elements(data, 0, c, slice.Elem, () => GlobalRef(data, c.Pos));
                    return true;
                }
            case CompositeNode c when c.Type.Underlying is ArrayType array:
                Elements(g, offset, c, array.Elem, place);
                return true;
            case CompositeNode c when c.Type.Underlying is StructType s:
                {
                    var offsets = _sizes.Offsetsof(s);
                    foreach (var (i, v) in c.Elems)
                    {
                        int field = (int)i;
                        if (s.Fields[field].Name == "_")
                            continue;
                        Assign(g, offset + offsets[field], v, s.Fields[field].Type, () => Field(place(), s, field, v.Pos));
                    }
                    return true;
                }
            case ConvNode { Kind: ConvKind.ToInterface } c:
                return TryInterface(g, offset, c, type);
            case CallNode call when ReturnedValue(call) is { } value && IsStatic(value, false):
                {
                    if (_callDepth++ == 0)
                        _callPos = call.Pos;
                    int before = pb.IR.StaticCalls.Count;
                    pb.IR.StaticCalls.Add((call.StaticCallee!, _callPos));
                    bool ok = TryAssign(g, offset, value, type, place);
                    _callDepth--;
                    if (!ok)
                        pb.IR.StaticCalls.RemoveRange(before, pb.IR.StaticCalls.Count - before);
                    return ok;
                }
            default:
                return false;
        }
    }

    void Elements(Global g, long offset, CompositeNode c, GoType elem, Func<ExprNode> place)
    {
        long size = _sizes.Sizeof(elem);
        foreach (var (i, v) in c.Elems)
            Assign(g, offset + i * size, v, elem, () => new IndexNode
            {
                X = place(),
                Index = new ConstNode { Value = ConstantOps.MakeInt(i), Type = Universe.Int, Pos = v.Pos },
                Bounded = true,
                Type = elem.Unalias,
                Pos = v.Pos,
            });
    }

    static FieldNode Field(ExprNode x, StructType s, int field, Pos pos) =>
        new() { X = x, Field = field, FieldVar = s.Fields[field], Type = s.Fields[field].Type.Unalias, Pos = pos };

    bool TryInterface(Global g, long offset, ConvNode c, GoType type)
    {
        ExprNode value = c;
        while (value is ConvNode { Kind: ConvKind.ToInterface, Init: null } inner)
            value = Resolve(inner.X);
        if (value.Init != null)
            return false;
        if (value.Type.Underlying is InterfaceType)
            return value is NilNode;
        bool pointerShaped = PackageBuilder.IsPointerShaped(value.Type);
        if (pointerShaped && value is not (NilNode or AddrNode) && !IsStatic(value, false))
            return false;
        if (value is AddrNode { X: not (CompositeNode or MapLitNode) } addr && Place(addr.X) == null)
            return false;
        var iface = (InterfaceType)type.Underlying;
        AddReloc(g, offset, iface.TypeSet.Methods.Count == 0 ? value.Type : new ItabKey(value.Type, type), 0);
        if (pointerShaped)
            return TryAssign(g, offset + WordBytes, value, value.Type, null!);
        var data = pb.NewStatic(value.Type, value.Pos, false);
        Assign(data, 0, value, value.Type, () => GlobalRef(data, value.Pos));
        AddReloc(g, offset + WordBytes, data, 0);
        return true;
    }

    bool TryCopy(Global g, long offset, Global from)
    {
        if (SeenMutation || !_complete.Contains(from) || from.Type.Underlying is BasicType { Kind: BasicKind.String } || from.Init == null)
            return false;
        if (from.Init.Bytes.Length > 0)
            from.Init.Bytes.CopyTo(Bytes(g, offset, from.Init.Bytes.Length));
        foreach (var r in from.Init.Relocs.ToArray())
            AddReloc(g, r.Offset + offset, r.Target, r.Addend);
        return true;
    }

    // ---- questions

    /// <summary>Without conversions that change nothing, and with the arguments of the calls being looked through in place of their parameters.</summary>
    ExprNode Strip(ExprNode r)
    {
        for (; ; )
        {
            r = Resolve(r);
            if (r is not ConvNode { Kind: ConvKind.Nop or ConvKind.UnsafePointer, Init: null } c)
                return r;
            r = c.X;
        }
    }

    ExprNode Resolve(ExprNode r)
    {
        while (r is LocalNode { Init: null } l && _bound.TryGetValue(l.Local, out var arg))
            r = arg;
        return r;
    }

    /// <summary>The global and offset that an addressable expression without indirections denotes.</summary>
    (Global Global, long Offset)? Place(ExprNode x)
    {
        switch (x)
        {
            case { Init: not null }:
                return null;
            case GlobalNode g:
                return (g.Global, 0);
            case FieldNode { ThroughPtr: false } f when Place(f.X) is { } p:
                return (p.Global, p.Offset + _sizes.Offsetsof((StructType)f.X.Type.Underlying)[f.Field]);
            case IndexNode { Index: ConstNode c } i when i.X.Type.Underlying is ArrayType a && Place(i.X) is { } p && ConstantOps.ToInt64(c.Value, out long n) && n >= 0 && n < a.Len:
                return (p.Global, p.Offset + n * _sizes.Sizeof(a.Elem));
            default:
                return null;
        }
    }

    /// <summary>Nothing of the value has to be computed. Image: and copies of it share no memory that can be written.</summary>
    public bool IsStatic(ExprNode r, bool image)
    {
        r = Strip(r);
        if (r.Init != null)
            return false;
        switch (r)
        {
            case NilNode or ZeroNode or ConstNode or FuncNode or ClosureNode { Func.ClosureVars.Count: 0 }:
                return true;
            case GlobalNode g:
                return !image && !SeenMutation && _complete.Contains(g.Global) && g.Type.Underlying is not BasicType { Kind: BasicKind.String };
            case AddrNode a:
                return Place(a.X) != null || !image && a.X is CompositeNode && IsStatic(a.X, image);
            case ConvNode { Kind: ConvKind.StringToBytes, X: ConstNode }:
                return !image;
            case CompositeNode c:
                if (image && c.Type.Underlying is SliceType)
                    return false;
                foreach (var (_, v) in c.Elems)
                    if (!IsStatic(v, image))
                        return false;
                return true;
            case ConvNode { Kind: ConvKind.ToInterface } c:
                {
                    var v = Resolve(c.X);
                    return v.Type.Underlying is InterfaceType ? v is NilNode || v is ConvNode { Kind: ConvKind.ToInterface } && IsStatic(v, image) : IsStatic(v, image);
                }
            case CallNode call:
                return !image && ReturnedValue(call) is { } value && IsStatic(value, image);
            default:
                return false;
        }
    }

    /// <summary>The value that a call of a one-line function with static arguments returns; its parameters are bound to the arguments.</summary>
    ExprNode? ReturnedValue(CallNode call)
    {
        if (call.StaticCallee is not { } f || f.IsClosure || f.Pragma.HasFlag(Pragma.Noinline) || _callDepth > MaxCallDepth || call.Type is TupleType)
            return null;
        foreach (var a in call.Args)
            if (Strip(a) is not (ConstNode or NilNode or ZeroNode or FuncNode) || a.Init != null)
                return null;
        if (!_returnValues.TryGetValue(f, out var value))
        {
            _returnValues.Add(f, null); // a function that calls itself is none
            value = BuildReturnValue(f);
            _returnValues[f] = value;
        }
        if (value == null)
            return null;
        var parameters = _parameters[f];
        for (int i = 0; i < parameters.Count; i++)
            _bound[parameters[i]] = Strip(call.Args[i]) is var a && Identical.Same(a.Type, parameters[i].Type) ? a : call.Args[i];
        return value;
    }

    readonly Dictionary<Function, List<Local>> _parameters = [];

    ExprNode? BuildReturnValue(Function f)
    {
        var decl = f.Obj?.Origin.Decl;
        if (decl?.Body is not { List: [ReturnStmt { Results.Count: 1 }] })
            return null;
        var literals = new List<Function>();
        var copy = pb.BuildCopy(f, literals);
        if (literals.Count > 0 || copy?.Body is not [ReturnNode { Values: [var value] }])
            return null;
        foreach (var p in copy.Params)
            if (p.AddrTaken || p.Reassigned)
                return null;
        _parameters[f] = copy.Params;
        return value;
    }

    /// <summary>Evaluating the initialiser could change package variables.</summary>
    bool MayMutate(ExprNode y)
    {
        bool found = false;
        void OnExpr(ExprNode n)
        {
            if (n is CallNode c && !IsStatic(c, false) || n is BuiltinNode { Op: BuiltinOp.Append or BuiltinOp.Clear or BuiltinOp.Copy })
                found = true;
            if (!found)
                Walk.Children(n, OnExpr, OnStmt);
        }
        void OnStmt(StmtNode n) => Walk.Children(n, OnExpr, OnStmt);
        OnExpr(y);
        return found;
    }

    // ---- read-only images of literals inside functions

    const int MinImageElems = 8, MinMapEntries = 26;

    /// <summary>Attaches images to the big static literals of a body.</summary>
    public void AttachImages(List<StmtNode> body) =>
        Walk.Preorder(body, e =>
        {
            switch (e)
            {
                case CompositeNode { Image: null } c when Leaves(c) >= MinImageElems:
                    return !TryImage(c);
                case MapLitNode { StaticKeys: null } m when m.Entries.Count >= MinMapEntries:
                    MapTables(m);
                    return true;
                default:
                    return true;
            }
        }, null);

    static int Leaves(CompositeNode c)
    {
        int n = 0;
        foreach (var (_, v) in c.Elems)
            n += v is CompositeNode inner ? Leaves(inner) : 1;
        return n;
    }

    bool TryImage(CompositeNode c)
    {
        foreach (var (_, v) in c.Elems)
            if (!IsStatic(v, true))
                return false;
        bool isSlice = c.Type.Underlying is SliceType;
        GoType type = c.Type.Underlying is SliceType s ? new ArrayType(s.Elem, c.Len) : c.Type;
        var g = pb.NewStatic(type, c.Pos, true);
        if (isSlice)
            Elements(g, 0, c, ((SliceType)c.Type.Underlying).Elem, null!);
        else
            TryAssign(g, 0, c, c.Type, null!);
        c.Image = g;
        return true;
    }

    void MapTables(MapLitNode m)
    {
        var isStatic = new bool[m.Entries.Count];
        int count = 0;
        for (int i = 0; i < isStatic.Length; i++)
            if (isStatic[i] = IsStatic(m.Entries[i].Key, true) && IsStatic(m.Entries[i].Value, true))
                count++;
        if (count < MinMapEntries)
            return;
        var type = (MapType)m.Type.Underlying;
        Global keys = pb.NewStatic(new ArrayType(type.Key, count), m.Pos, true), values = pb.NewStatic(new ArrayType(type.Elem, count), m.Pos, true);
        long keySize = _sizes.Sizeof(type.Key), valueSize = _sizes.Sizeof(type.Elem);
        int k = 0;
        for (int i = 0; i < isStatic.Length; i++)
            if (isStatic[i])
            {
                TryAssign(keys, k * keySize, m.Entries[i].Key, type.Key, null!);
                TryAssign(values, k++ * valueSize, m.Entries[i].Value, type.Elem, null!);
            }
        (m.StaticKeys, m.StaticValues, m.StaticCount, m.IsStatic) = (keys, values, count, isStatic);
    }

    // ---- bytes

    Span<byte> Bytes(Global g, long offset, int count)
    {
        var d = g.Init ??= new StaticData(_sizes.Sizeof(g.Type));
        if (offset + count > d.Size)
            throw new BuildException($"static data of {g.LinkName} ({g.Type}): {offset}+{count} > {d.Size}");
        if (d.Bytes.Length < offset + count)
        {
            var bigger = new byte[Math.Min(d.Size, Math.Max(offset + count, d.Bytes.Length * 2L))];
            d.Bytes.CopyTo(bigger, 0);
            d.Bytes = bigger;
        }
        return d.Bytes.AsSpan((int)offset, count);
    }

    public void AddReloc(Global g, long offset, object target, long addend)
    {
        g.Init ??= new StaticData(_sizes.Sizeof(g.Type));
        g.Init.Relocs.Add(new Reloc(offset, target, addend));
    }

    public void WriteSlice(Global g, long offset, Global data, long len)
    {
        AddReloc(g, offset, data, 0);
        WriteInt(g, offset + WordBytes, WordBytes, len);
        WriteInt(g, offset + 2 * WordBytes, WordBytes, len);
    }

    public void WriteString(Global g, long offset, byte[] s)
    {
        if (s.Length == 0)
            return;
        AddReloc(g, offset, new StringBytes(s), 0);
        WriteInt(g, offset + WordBytes, WordBytes, s.Length);
    }

    public void WriteBytes(Global g, long offset, ReadOnlySpan<byte> bytes) => bytes.CopyTo(Bytes(g, offset, bytes.Length));

    void WriteInt(Global g, long offset, int size, BigInteger v)
    {
        if (v.IsZero)
            return;
        var to = Bytes(g, offset, size);
        for (int i = 0; i < size; i++)
        {
            to[i] = (byte)(v & 0xFF);
            v >>= 8;
        }
    }

    void WriteConst(Global g, long offset, Constant value, GoType type)
    {
        var kind = (type.Underlying as BasicType)?.Kind ?? throw new BuildException($"constant of type {type} in static data");
        int size = (int)_sizes.Sizeof(type);
        switch (value)
        {
            case BoolConstant b:
                WriteInt(g, offset, 1, b.Value ? 1 : 0);
                break;
            case StringConstant s:
                WriteString(g, offset, s.Value);
                break;
            default:
                if (kind is BasicKind.Complex64 or BasicKind.Complex128)
                {
                    WriteFloat(g, offset, size / 2, ConstantOps.Real(value));
                    WriteFloat(g, offset + size / 2, size / 2, ConstantOps.Imag(value));
                }
                else if (kind is BasicKind.Float32 or BasicKind.Float64)
                {
                    WriteFloat(g, offset, size, value);
                }
                else
                {
                    WriteInt(g, offset, size, ((IntConstant)ConstantOps.ToInt(value)).Value);
                }
                break;
        }
    }

    void WriteFloat(Global g, long offset, int size, Constant v)
    {
        if (ConstantOps.Sign(v) == 0)
            return;
        if (size == 4)
            BinaryPrimitives.WriteSingleLittleEndian(Bytes(g, offset, 4), ConstantOps.ToSingle(v));
        else
            BinaryPrimitives.WriteDoubleLittleEndian(Bytes(g, offset, 8), ConstantOps.ToDouble(v));
    }
}
