// Statements: lists, declarations, assignments, if, for, labels and branches.

using System;
using System.Collections.Generic;
using Tuza.Syntax;
using Tuza.Types;

namespace Tuza.IR;

sealed partial class FuncLowerer
{
    /// <summary>What break and continue mean at a place.</summary>
    readonly record struct Scope(string? Label, LowBlock Break, LowBlock? Continue);

    readonly List<Scope> _scopes = [];
    readonly Dictionary<string, LowBlock> _labels = [];

    void Stmts(List<StmtNode> list)
    {
        foreach (var s in list)
        {
            // Dead code is skipped up to the next label that could make it alive.
            if (_cur == null && s is not (LabelNode or BlockNode))
                continue;
            int mark = TempMark;
            Stmt(s);
            ReleaseTemps(mark);
        }
    }

    void Stmt(StmtNode s)
    {
        if (s.Pos.IsKnown)
            _pos = s.Pos;
        if (s.Init is { Count: > 0 } && !DeclaresItself(s))
        {
            Stmts(s.Init);
            if (s.Pos.IsKnown)
                _pos = s.Pos;
        }
        switch (s)
        {
            case DeclNode d: Declare(d.Local); break;
            case AssignNode a: Assign(a); break;
            case Assign2Node a: Assign2(a); break;
            case AssignCallNode a: AssignCall(a); break;
            case AssignOkNode a: AssignOk(a); break;
            case AssignOpNode a: AssignOp(a); break;
            case ExprStmtNode e: ExprStmt(e.X); break;
            case SendNode x: Send(x); break;
            case GoNode g: Go(g); break;
            case DeferNode d: Defer(d); break;
            case ReturnNode r: Return(r.Values); break;
            case IfNode i: If(i); break;
            case ForNode f: For(f); break;
            case RangeNode r: Range(r); break;
            case SwitchNode x: Switch(x); break;
            case TypeSwitchNode x: TypeSwitch(x); break;
            case SelectNode x: Select(x); break;
            case BlockNode b: Stmts(b.List); break;
            case LabelNode l: Start(LabelBlock(l.Label)); break;
            case GotoNode g: Jump(LabelBlock(g.Label)); break;
            case BranchNode b: Break(b); break;
            case CheckNilNode c:
                Order(c.X);
                NonNil(Scalars(c.X)[0]);
                break;
            case InlineMarkNode: break;
            default: throw Bug($"unknown statement {s.GetType().Name}");
        }
    }

    /// <summary>Declarations in front of an assignment that gives the variable its first value at once.</summary>
    static bool DeclaresItself(StmtNode s) => s is AssignNode { Define: true, X: LocalNode } or Assign2Node { Define: true } or AssignCallNode { Define: true };

    LowBlock LabelBlock(string name)
    {
        if (!_labels.TryGetValue(name, out var b))
            _labels.Add(name, b = NewBlock());
        return b;
    }

    void Break(BranchNode b)
    {
        for (int i = _scopes.Count - 1; i >= 0; i--)
        {
            var s = _scopes[i];
            if (b.Label != null ? s.Label == b.Label : !b.IsContinue || s.Continue != null)
            {
                Jump(b.IsContinue ? s.Continue! : s.Break);
                return;
            }
        }
        throw Bug($"{(b.IsContinue ? "continue" : "break")} {b.Label} outside");
    }

    // ---- declarations

    void Declare(Local l)
    {
        if (l.OnHeap)
        {
            NewHeapHome(l);
            return;
        }
        var home = HomeOf(l);
        if (home.Scalars != null)
            foreach (var s in home.Scalars)
                Assign(s, L.Zero(s.Type));
        else if (home.Slot is { Size: > 0 } slot)
            Emit(new LowZeroSlot { Slot = slot });
    }

    /// <summary>Declares a variable with its first value.</summary>
    void DeclareWith(Local l, Val v)
    {
        if (!l.OnHeap)
        {
            StoreVal(HomePlace(l), v, l.Type);
            return;
        }
        if (!v.IsMemory)
            v = new Val(UseAll(v.Scalars!), default);
        var home = NewHeapHome(l);
        StoreVal(Place.At(new Addr(L.Ref(home.Ptr!), AddrKind.Fresh)), v, l.Type);
    }

    /// <summary>Runs the declarations of a defining statement; variables in registers get their value right away, so they are not zeroed.</summary>
    void DefineInit(StmtNode s)
    {
        if (s.Init == null)
            return;
        foreach (var i in s.Init)
        {
            if (i is DeclNode { Local.OnHeap: false } d && HomeOf(d.Local).Scalars != null)
                continue;
            int mark = TempMark;
            Stmt(i);
            ReleaseTemps(mark);
        }
        _pos = s.Pos;
    }

    // ---- assignments

    void Assign(AssignNode a)
    {
        if (a is { Define: true, X: LocalNode l })
        {
            bool declares = false;
            if (a.Init != null)
                foreach (var i in a.Init)
                    if (i is DeclNode d && d.Local == l.Local)
                        declares = true;
                    else
                        Stmt(i);
            _pos = a.Pos;
            if (declares)
            {
                DeclareFrom(l.Local, a.Y);
                return;
            }
        }
        if (a.X == null)
        {
            ExprStmt(a.Y);
            return;
        }
        if (TryInPlace(a))
            return;
        if (a.X is LocalNode local)
        {
            OrderRight(a.Y);
            AssignPlace(HomePlace(local.Local), a.Y);
            return;
        }
        OrderAll([a.X, a.Y]);
        AssignTo(a.X, a.Y);
    }

    /// <summary>Orders the right side of an assignment to a variable: a call at its top stores its results itself.</summary>
    void OrderRight(ExprNode y)
    {
        if (y is CallNode or BuiltinNode or RecvNode or SliceNode or MakeSliceNode or MakeMapNode or MakeChanNode or TypeAssertNode)
        {
            if (y is BuiltinNode { Op: BuiltinOp.Append } b && IsAppendOfMake(b))
                Order(y);
            else
                OrderOperands(y);
        }
        else
            Order(y);
    }

    void DeclareFrom(Local l, ExprNode y)
    {
        OrderRight(y);
        if (!l.OnHeap)
        {
            var home = HomeOf(l);
            if (home.Slot is { Size: > 0 } && Flatten.IsMemory(l.Type))
                Into(HomeAddr(home), y);
            else
                AssignPlace(HomePlace(home), y);
            return;
        }
        if (!Flatten.IsMemory(l.Type))
        {
            DeclareWith(l, new Val(Scalars(y), default));
            return;
        }
        if (y is CompositeNode or ZeroNode or NilNode && !_done.ContainsKey(y))
        {
            // Built in the new object; the variable is not visible in y.
            var p = NewObject(l.Type);
            Into(new Addr(p, AddrKind.Fresh), y);
            if (!_homes.TryGetValue(l, out var heap))
                _homes[l] = heap = new Home { Flat = Flatten.Of(l.Type), Ptr = NewTemp(LowType.Ptr), Heap = true };
            Assign(heap.Ptr!, p);
            return;
        }
        DeclareWith(l, Val.At(Memory(y)));
    }

    /// <summary>Assigns to a variable (operands of y are ordered).</summary>
    void AssignPlace(Place p, ExprNode y)
    {
        var flat = Flatten.Of(y.Type);
        if (flat.IsMemory)
        {
            if (_done.ContainsKey(y) || y is not (CompositeNode or ConvNode { Kind: ConvKind.Nop } or CallNode))
                Into(p.Mem, y);
            else if (y is CallNode || !ReadsMemory(y))
                Into(p.Mem, y);
            else
                CopyMemory(p.Mem, Memory(y), y.Type, true);
            return;
        }
        if (y is CallNode c && !p.IsMemory && p.Count == flat.Scalars.Length && !_done.ContainsKey(y))
        {
            RunInit(y);
            if (Intrinsics.TryLower(this, c, out var vals))
                AssignLocals(p.Locals!, p.Start, [.. vals[0].Scalars!]);
            else
                EmitCall(c, null, p.Locals!.AsSpan(p.Start, p.Count).ToArray(), false);
            return;
        }
        var v = Scalars(y);
        if (p.IsMemory)
            StoreScalars(p.Mem, flat, [.. v]);
        else
            AssignLocals(p.Locals!, p.Start, [.. v]);
    }

    /// <summary>x = y with both ordered: the right side's checks come first, then the left side's.</summary>
    void AssignTo(ExprNode x, ExprNode y)
    {
        if (x is MapIndexNode m)
        {
            AssignMap(m, y);
            return;
        }
        var flat = Flatten.Of(y.Type);
        if (!flat.IsMemory)
        {
            var v = new Val(Scalars(y), default);
            StoreVal(PlaceOf(x), v, x.Type);
            // Allocation looks at the rate now and then only.
            if (x is GlobalNode { Global.LinkName: "runtime.MemProfileRate" })
                CallRuntime("runtime.memprofilerateset");
        }
        else if (!_done.ContainsKey(y) && (y is ZeroNode or NilNode || (y is CompositeNode && !ReadsMemory(y))))
            Into(PlaceOf(x).Mem, y);
        else
        {
            var src = Memory(y);
            CopyMemory(PlaceOf(x).Mem, src, x.Type, true);
        }
    }

    void StoreTarget(ExprNode x, Val v, GoType type)
    {
        if (x is MapIndexNode m)
        {
            var map = Use(One(m.Map));
            AssignMapVal(m.Map.Type, map, KeepKey(Value(m.Key)), v.IsMemory ? v : new Val(UseAll(v.Scalars!), default), m.Type);
        }
        else
            StoreVal(PlaceOf(x), v, type);
    }

    void Assign2(Assign2Node a)
    {
        if (a.Y.Count == 1) // parameters and results of inlined calls
        {
            Assign(new AssignNode { X = a.X[0], Y = a.Y[0], Define = a.Define, Pos = a.Pos, Init = a.Init });
            return;
        }
        if (a.Define)
            DefineInit(a);
        var all = new List<ExprNode?>(a.X);
        all.AddRange(a.Y);
        OrderAll(all);
        var vals = new Val[a.Y.Count];
        var stores = Prepare(a.X);
        var assigned = AssignedLocals(a.X);
        bool memoryTarget = false;
        for (int i = 0; i < vals.Length; i++)
        {
            vals[i] = Value(a.Y[i]);
            if (a.X[i] == null)
                continue;
            if (i > 0)
                vals[i] = Independent(vals[i], a.Y[i], assigned, memoryTarget);
            memoryTarget |= IsMemoryTarget(a.X[i]!);
        }
        for (int i = 0; i < vals.Length; i++)
            stores[i]?.Invoke(vals[i]);
    }

    /// <summary>A value that assignments to the targets before it do not change.</summary>
    Val Independent(Val v, ExprNode y, HashSet<LowLocal> assigned, bool memoryTarget)
    {
        if (v.IsMemory)
            return memoryTarget || L.Any(v.Mem.Expr, x => x is LowLocalRef r && assigned.Contains(r.Local)) ? CopyOut(v, y.Type) : v;
        var r = new LowExpr[v.Scalars!.Length];
        for (int i = 0; i < r.Length; i++)
        {
            var e = v.Scalars[i];
            r[i] = L.Any(e, x => (x is LowLocalRef l && assigned.Contains(l.Local)) || (x is LowLoad && memoryTarget)) ? InTemp(e) : e;
        }
        return new Val(r, default);
    }

    bool IsMemoryTarget(ExprNode x) => x is not LocalNode l || HomeOf(l.Local).Scalars == null;

    HashSet<LowLocal> AssignedLocals(List<ExprNode?> targets)
    {
        var set = new HashSet<LowLocal>(ReferenceEqualityComparer.Instance);
        foreach (var x in targets)
        {
            var root = x;
            while (root is FieldNode { ThroughPtr: false } or IndexNode { X.Type.Underlying: ArrayType })
                root = root is FieldNode f ? f.X : ((IndexNode)root).X;
            if (root is LocalNode l && HomeOf(l.Local).Scalars is { } scalars)
                foreach (var s in scalars)
                    set.Add(s);
        }
        return set;
    }

    /// <summary>Evaluates the operands of the targets; the checks are made when the value is stored.</summary>
    Action<Val>?[] Prepare(List<ExprNode?> targets)
    {
        var assigned = AssignedLocals(targets);
        var result = new Action<Val>?[targets.Count];
        for (int i = 0; i < result.Length; i++)
        {
            var x = targets[i];
            if (x == null)
                continue;
            if (x is MapIndexNode m)
            {
                var map = KeepUnless(One(m.Map), assigned);
                var key = Value(m.Key);
                key = key.IsMemory ? CopyOut(key, m.Key.Type) : new Val(Array.ConvertAll(key.Scalars!, e => KeepUnless(e, assigned)), default);
                result[i] = v => AssignMapVal(m.Map.Type, map, key, v.IsMemory ? v : new Val(UseAll(v.Scalars!), default), m.Type);
                continue;
            }
            var place = PreparePlace(x, assigned);
            result[i] = v => StoreVal(place(), v, x.Type);
        }
        return result;
    }

    /// <summary>The value in a form that the statement does not change.</summary>
    LowExpr KeepUnless(LowExpr e, HashSet<LowLocal> assigned) => e is LowLocalRef r && !assigned.Contains(r.Local) ? e : Keep(e);

    Func<Place> PreparePlace(ExprNode x, HashSet<LowLocal> assigned)
    {
        switch (x)
        {
            case DerefNode d:
                {
                    var p = KeepUnless(One(d.X), assigned);
                    return () => Place.At(new Addr(NonNilAt(d, p), AddrKind.Heap));
                }
            case FieldNode { ThroughPtr: true } f:
                {
                    var p = KeepUnless(One(f.X), assigned);
                    return () => Place.At(new Addr(NonNilAt(f, p), AddrKind.Heap, FieldOffset(f)));
                }
            case FieldNode f:
                {
                    var inner = PreparePlace(f.X, assigned);
                    var flat = Flatten.Of(f.X.Type);
                    return () =>
                    {
                        var outer = inner();
                        return outer.IsMemory ? Place.At(outer.Mem.Plus(FieldOffset(f)))
                            : new Place(outer.Locals, outer.Start + flat.FieldScalars[f.Field], Flatten.Of(f.Type).Scalars.Length, default);
                    };
                }
            case IndexNode { X.Type.Underlying: ArrayType array } i:
                {
                    var inner = PreparePlace(i.X, assigned);
                    var idx = KeepUnless(Word(i.Index), assigned);
                    return () =>
                    {
                        var outer = inner();
                        CheckIndex(i, idx, L.I64(array.Len));
                        return outer.IsMemory ? Place.At(outer.Mem.PlusIndex(L.Scale(AsI64(idx), Flatten.SizeOf(i.Type)))) : outer;
                    };
                }
            case IndexNode i:
                {
                    var s = Scalars(i.X);
                    var p = KeepUnless(s[0], assigned);
                    var len = KeepUnless(s[1], assigned);
                    var idx = KeepUnless(Word(i.Index), assigned);
                    return () =>
                    {
                        CheckIndex(i, idx, len);
                        return Place.At(new Addr(p, AddrKind.Heap).PlusIndex(L.Scale(AsI64(idx), Flatten.SizeOf(i.Type))));
                    };
                }
            case ConvNode { Kind: ConvKind.Nop } c: return PreparePlace(c.X, assigned);
            default: return () => PlaceOf(x);
        }
    }

    LowExpr NonNilAt(ExprNode place, LowExpr pointer)
    {
        var save = MoveTo(place);
        var r = NonNil(pointer);
        _pos = save;
        return r;
    }

    /// <summary>Assigns several values at once.</summary>
    void AssignMany(List<ExprNode?> targets, Val[] vals)
    {
        OrderAll(targets);
        var stores = Prepare(targets);
        for (int i = 1; i < vals.Length; i++)
            if (targets[i] != null && !vals[i].IsMemory)
                vals[i] = new Val(UseAll(vals[i].Scalars!), default);
        for (int i = 0; i < vals.Length; i++)
            stores[i]?.Invoke(vals[i]);
    }

    void AssignCall(AssignCallNode a)
    {
        if (a.Define)
            DefineInit(a);
        if (a.Call is InlinedCallNode inlined)
        {
            OrderAll(a.X);
            RunInit(inlined);
            InlinedBody(inlined);
            if (_cur == null)
                return;
            var results = new Val[a.X.Count];
            for (int i = 0; i < results.Length; i++)
            {
                var r = inlined.Results[i];
                var place = HomePlace(r);
                results[i] = place.IsMemory ? Val.At(place.Mem) : new Val(LoadPlace(place, Flatten.Of(r.Type)), default);
                if (place.IsMemory && !Flatten.IsMemory(r.Type))
                    results[i] = new Val(UseAll(LoadScalars(place.Mem, Flatten.Of(r.Type))), default);
            }
            AssignMany(a.X, results);
            return;
        }
        var call = (CallNode)a.Call;
        OrderAll(a.X);
        OrderOperands(call);
        RunInit(call);
        Val[] vals;
        if (!Intrinsics.TryLower(this, call, out vals))
        {
            if (DirectTargets(a.X, call) is { } into)
            {
                EmitCall(call, null, into, false);
                return;
            }
            vals = EmitCall(call, null, null, false);
        }
        AssignMany(a.X, vals);
    }

    /// <summary>The locals that the scalars of the results go to, when all targets are variables in registers.</summary>
    LowLocal[]? DirectTargets(List<ExprNode?> targets, CallNode call)
    {
        var results = ResultsOf(call.Type);
        var into = new List<LowLocal>();
        var seen = new HashSet<Local>(ReferenceEqualityComparer.Instance);
        for (int i = 0; i < results.Count; i++)
        {
            var flat = Flatten.Of(results[i]);
            if (flat.IsMemory)
                return null;
            if (targets[i] == null)
                foreach (var s in flat.Scalars)
                    into.Add(NewTemp(s.Type, s.Tracked));
            else if (targets[i] is LocalNode l && HomeOf(l.Local).Scalars is { } scalars && scalars.Length == flat.Scalars.Length && seen.Add(l.Local))
                into.AddRange(scalars);
            else
                return null;
        }
        return [.. into];
    }

    void AssignOk(AssignOkNode a)
    {
        OrderAll([a.X, a.Ok]);
        OrderOperands(a.Y);
        RunInit(a.Y);
        var (v, ok) = CommaOk(a.Y, a.X != null);
        StoreOk(a.X, a.Ok, v, ok, a.Y.Type);
    }

    (Val Value, LowExpr Ok) CommaOk(ExprNode y, bool wantValue)
    {
        switch (y)
        {
            case MapIndexNode m: return MapOk(m, wantValue);
            case TypeAssertNode t: return AssertOk(t, wantValue);
            case RecvNode r:
                var v = Receive(r, out var ok, true);
                return (v, ok);
            default: throw Bug($"comma-ok of {y.GetType().Name}");
        }
    }

    void StoreOk(ExprNode? x, ExprNode? okTarget, Val v, LowExpr ok, GoType type)
    {
        if (okTarget != null && x != null)
            ok = Use(ok);
        if (x != null)
            StoreTarget(x, v, type is TupleType t ? t.At(0) : x.Type);
        if (okTarget != null)
            StoreTarget(okTarget, Val.Of(ok), okTarget.Type);
    }

    void AssignOp(AssignOpNode a)
    {
        OrderAll([a.X, a.Y]);
        var flat = Flatten.Of(a.X.Type);
        if (a.X is MapIndexNode m)
        {
            var map = Use(One(m.Map));
            var key = KeepKey(Value(m.Key));
            if (a.Op is Token.Div or Token.Rem)
            {
                var old = UseAll(LoadScalars(new Addr(MapCall("runtime.mapaccess1", m.Map.Type, map, key)[0], AddrKind.Heap), flat));
                var r = UseAll(Op(a, old));
                StoreVal(Place.At(MapAssign(m.Map.Type, map, key)), new Val(r, default), m.Type);
                return;
            }
            // The right side's checks come before the insertion.
            var y = IsTextOp(a) ? null : UseAll(Scalars(a.Y));
            var at = MapAssign(m.Map.Type, map, key);
            StoreScalars(at, flat, [.. Op(a, LoadScalars(at, flat), y)]);
            return;
        }
        if (a.X is LocalNode l && HomeOf(l.Local) is { Scalars: { } scalars })
        {
            AssignLocals(scalars, 0, [.. Op(a, Refs(scalars))]);
            return;
        }
        var place = PlaceOf(a.X);
        if (!place.IsMemory)
        {
            AssignLocals(place.Locals!, place.Start, [.. Op(a, LoadPlace(place, flat))]);
            return;
        }
        var mem = Stable(place.Mem);
        StoreScalars(mem, flat, [.. Op(a, LoadScalars(mem, flat))]);
    }

    static bool IsTextOp(AssignOpNode a) => Predicates.IsString(a.X.Type);

    LowExpr[] Op(AssignOpNode a, LowExpr[] x, LowExpr[]? y = null)
    {
        if (IsTextOp(a))
        {
            var parts = new List<LowExpr[]> { x };
            if (a.Y is AddStringNode s && !_done.ContainsKey(a.Y))
                foreach (var p in s.List)
                    parts.Add(Scalars(p));
            else
                parts.Add(Scalars(a.Y));
            return ConcatParts(parts, L.Nil);
        }
        if (a.Op is Token.Shl or Token.Shr)
            return [Shift(a.Op, x[0], y == null ? ShiftCount(a.Y) : y[0])];
        y ??= Scalars(a.Y);
        return IsComplex(a.X.Type) ? ComplexArith(a.Op, x, y) : [Arith(a.Op, x[0], y[0])];
    }

    void ExprStmt(ExprNode x)
    {
        OrderRight(x);
        if (_done.Remove(x))
            return;
        RunInit(x);
        if (x is RecvNode r)
            CallRuntime("runtime.chanrecv1", One(r.Chan), L.Nil);
        else
            Discard(x);
    }

    // ---- if, for

    void If(IfNode i)
    {
        var then = NewBlock();
        var end = NewBlock();
        var @else = i.Else.Count > 0 ? NewBlock() : end;
        Condition(i.Cond, then, @else);
        _cur = then;
        Stmts(i.Then);
        Jump(end);
        if (@else != end)
        {
            _cur = @else;
            Stmts(i.Else);
            Jump(end);
        }
        _cur = end;
    }

    void For(ForNode f)
    {
        var head = NewBlock();
        var body = f.Cond == null ? head : NewBlock();
        var next = NewBlock();
        var end = NewBlock();
        Start(head);
        head.Bounded = IsBounded(f);
        if (f.Cond != null)
        {
            Condition(f.Cond, body, end);
            _cur = body;
        }
        _scopes.Add(new Scope(f.Label, end, next));
        Stmts(f.Body);
        _scopes.RemoveAt(_scopes.Count - 1);
        Start(next);
        foreach (var v in f.PerIteration)
            Renew(v);
        Stmts(f.Post);
        Jump(head);
        _cur = end;
    }

    /// <summary>`for …; i &lt; len(x); i++` (or a modest constant) where nothing else assigns i.</summary>
    bool IsBounded(ForNode f)
    {
        if (f.Cond is not CompareNode { Op: Token.Lss, X: LocalNode { Local: var i } } cond || f.Post is not [AssignOpNode { Op: Token.Add, X: LocalNode { Local: var step }, Y: var by }])
            return false;
        if (step != i || ConstInt(by) is not { Sign: > 0 } || IsAddressed(i) || i.OnHeap)
            return false;
        if (!(cond.Y is BuiltinNode { Op: BuiltinOp.Len } || (ConstInt(cond.Y) is { } k && k <= 1 << 20)))
            return false;
        bool assigned = false;
        void Target(ExprNode? x) => assigned |= x is LocalNode l && l.Local == i;
        Walk.Preorder(f.Body, null, s =>
        {
            Walk.Targets(s, Target);
            // A length may grow with what the body appends.
            return true;
        });
        return !assigned && (cond.Y is ConstNode || !Grows(f.Body));
    }

    static bool Grows(System.Collections.Generic.List<StmtNode> body)
    {
        bool grows = false;
        Walk.Preorder(body, e =>
        {
            grows |= e is BuiltinNode { Op: BuiltinOp.Append } or CallNode or InlinedCallNode;
            return !grows;
        }, null);
        return grows;
    }

    /// <summary>A new object for a loop variable, with the old one's value.</summary>
    void Renew(Local v)
    {
        if (!v.OnHeap || !_homes.TryGetValue(v, out var home))
            return;
        var flat = home.Flat;
        if (flat.Size == 0)
            return;
        var p = NewObject(v.Type);
        var dst = new Addr(p, AddrKind.Fresh);
        if (flat.IsMemory)
            CopyMemory(dst, HomeAddr(home), v.Type, false);
        else
            StoreScalars(dst, flat, [.. LoadScalars(HomeAddr(home), flat)]);
        Assign(home.Ptr!, p);
    }
}
