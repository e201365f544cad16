// One low function to IL: the fast body, and for functions with a frame the resume body (docs/ARCHITECTURE.md section 3).
//
// Both bodies are made by this class from the same blocks. They differ in
//   parameters  the fast body has them as arguments; the resume body as locals that it loads from the frame;
//   entry       the fast body has the prologue; the resume body begins with a jump on the site number in the header;
//   return      the fast body returns the first result and leaves the others in g->R[1..]; the resume body leaves all in g->R[0..].
//
// Cold code (what a moved stack, an unwinding or a panic needs) is collected while the blocks are written and appended behind them.

using System;
using System.Collections.Generic;
using System.Globalization;
using System.Reflection.Metadata;
using Tuza.Abi;
using Tuza.IR;

namespace Tuza.Emit;

sealed class MethodCode
{
    public required string Name;
    public required byte[] Il;
    public required int MaxStack;
    public required string LocalTypes;
    public required string Listing;
}

sealed partial class FunctionEmitter
{
    readonly ImageBuilder _image;
    readonly LowFunction _f;
    readonly FrameInfo _frame;
    readonly bool _resume;
    readonly IlWriter _il;
    readonly int _index;
    readonly int _fp;
    readonly List<char> _locals = [];
    readonly Dictionary<LowLocal, int> _localOf = [];
    readonly Dictionary<LowLocal, int> _argOf = [];
    readonly Dictionary<LowBlock, int> _labels = [];
    readonly Queue<Action> _cold = new();
    readonly Dictionary<char, Stack<int>> _temps = [];
    /// <summary>Resume body: where each site is entered.</summary>
    readonly Dictionary<FrameSite, int> _entries = [];
    readonly HashSet<FrameSite> _entered = [];
    readonly Dictionary<(string, int), int> _panicLabels = [];
    int _unwindExit = -1, _bareExit = -1;
    /// <summary>Resume body: the number of the site that is on its way to its place in a loop, or 0; -1: no site is in a loop.</summary>
    int _pending = -1;

    FunctionEmitter(ImageBuilder image, LowFunction f, FrameInfo frame, int index, bool resume)
    {
        (_image, _f, _frame, _index, _resume) = (image, f, frame, index, resume);
        _il = new IlWriter(resume ? f.LinkName + "$resume" : f.LinkName, image.Options.DumpIl);
        _fp = NewLocal('i');
        int arg = 1;
        if (f.HasCtx)
            arg++;
        if (!resume)
        {
            if (frame.Ctx != null)
                _argOf.Add(frame.Ctx, 1);
            foreach (var p in f.ParamLocals)
                _argOf.Add(p, arg++);
        }
    }

    public static MethodCode Fast(ImageBuilder image, LowFunction f, FrameInfo frame, int index) => new FunctionEmitter(image, f, frame, index, false).Run();
    public static MethodCode Resume(ImageBuilder image, LowFunction f, FrameInfo frame, int index) => new FunctionEmitter(image, f, frame, index, true).Run();

    MethodCode Run()
    {
        try
        {
            foreach (var b in _frame.Order)
                _labels.Add(b, _il.NewLabel());
            int start = _il.NewLabel();
            if (_resume)
            {
                foreach (var s in _frame.Sites)
                    if (s is { Resumable: true })
                        _entries.Add(s, _il.NewLabel());
                Dispatch();
            }
            else if (_frame.HasFrame)
                Prologue(start);
            if (_frame.HasFrame)
            {
                if (_resume)
                {
                    if (_frame.Sites[SiteIds.Entry] != null)
                    {
                        _entered.Add(_frame.Sites[SiteIds.Entry]!);
                        _il.Mark(_entries[_frame.Sites[SiteIds.Entry]!]);
                        Arrived();
                        Reload(_frame.Sites[SiteIds.Entry]!);
                        Restore(_frame.Sites[SiteIds.Entry]!);
                        AtEntry();
                        _il.Branch(ILOpCode.Br, _labels[_f.Entry]);
                    }
                    if (_f.DeferReturn != null)
                    {
                        _entered.Add(_frame.Sites[SiteIds.DeferReturn]!);
                        _il.Mark(_entries[_frame.Sites[SiteIds.DeferReturn]!]);
                        Arrived();
                        Reload(_frame.Sites[SiteIds.DeferReturn]!);
                        _il.Branch(ILOpCode.Br, _labels[_f.DeferReturn]);
                    }
                }
                else
                    AtEntry();
            }
            Blocks();
            while (_cold.TryDequeue(out var cold))
                cold();
            foreach (var (site, label) in _entries)
                if (!_entered.Contains(site))
                {
                    // Behind a call that does not return: never reached.
                    _il.Mark(label);
                    BadResume();
                }
            return new MethodCode
            {
                Name = _resume ? _f.LinkName + "$resume" : _f.LinkName,
                Il = _il.Finish(),
                MaxStack = _il.MaxStack,
                LocalTypes = new string([.. _locals]),
                Listing = _il.Listing,
            };
        }
        catch (Exception e) when (e is not InvalidOperationException { Source: nameof(FunctionEmitter) })
        {
            throw new InvalidOperationException($"emit: {_f.LinkName} ({_f.Pos}): {e.Message}", e) { Source = nameof(FunctionEmitter) };
        }
    }

    static InvalidOperationException Bug(string what) => new(what);

    // ---- locals

    int NewLocal(char type)
    {
        _locals.Add(type);
        return _locals.Count - 1;
    }

    int Temp(char type) => _temps.TryGetValue(type, out var s) && s.TryPop(out int t) ? t : NewLocal(type);

    void Free(int temp)
    {
        char type = _locals[temp];
        if (!_temps.TryGetValue(type, out var s))
            _temps.Add(type, s = new());
        s.Push(temp);
    }

    void Load(LowLocal l)
    {
        if (_argOf.TryGetValue(l, out int a))
            _il.Ldarg(a);
        else
            _il.Ldloc(IlLocal(l));
    }

    void Store(LowLocal l)
    {
        if (_argOf.TryGetValue(l, out int a))
            _il.Starg(a);
        else
            _il.Stloc(IlLocal(l));
    }

    int IlLocal(LowLocal l)
    {
        if (!_localOf.TryGetValue(l, out int i))
        {
            _localOf.Add(l, i = NewLocal(ImageMetadata.Letter(l.Type)));
            if (_image.Options.DumpIl)
                _il.Comment($"local {i} is {l.Name ?? "t"}.{l.Id} {l.Type}");
        }
        return i;
    }

    // ---- fields of G

    static readonly Type s_g = typeof(G);
    void LdG(string field)
    {
        _il.Ldarg(0);
        _il.Token(ILOpCode.Ldfld, _image.Meta.Field(s_g, field), 1, 1, "G." + field);
    }

    /// <summary>Stores the value that put pushes.</summary>
    void StG(string field, Action put)
    {
        _il.Ldarg(0);
        put();
        _il.Token(ILOpCode.Stfld, _image.Meta.Field(s_g, field), 2, 0, "G." + field);
    }

    /// <summary>Address of result k.</summary>
    void ResultWord(int k)
    {
        if (k >= G.InlineResults)
            LdG(nameof(G.MoreR));
        else
        {
            _il.Ldarg(0);
            _il.Token(ILOpCode.Ldflda, _image.Meta.Field(s_g, nameof(G.R)), 1, 1, "G.R");
        }
        AddConst(8L * k);
    }

    /// <summary>Address of g->Args[i].</summary>
    void ArgWord(int i)
    {
        LdG(nameof(G.Args));
        AddConst(8L * i);
    }

    void AddConst(long c)
    {
        if (c == 0)
            return;
        _il.LdcI(c);
        _il.Add();
    }

    /// <summary>Address fp + offset.</summary>
    void FpAdd(long offset)
    {
        _il.Ldloc(_fp);
        AddConst(offset);
    }

    // ---- entry

    void Prologue(int after)
    {
        LdG(nameof(G.Sp));
        _il.LdcI4(_frame.FrameBytes);
        _il.Binary(ILOpCode.Sub);
        _il.Stloc(_fp);
        if (!_f.Nosplit)
        {
            int slow = _il.NewLabel();
            FpAdd(-_f.Room);
            LdG(nameof(G.Guard));
            _il.Branch(ILOpCode.Blt_un, slow);
            _cold.Enqueue(() => SlowPrologue(slow, after));
        }
        _il.Mark(after);
        StG(nameof(G.Sp), () => _il.Ldloc(_fp));
    }

    void SlowPrologue(int slow, int after)
    {
        _il.Mark(slow);
        var ptrs = new List<LowLocal>();
        if (_frame.Ctx != null)
            ptrs.Add(_frame.Ctx);
        foreach (var p in _f.ParamLocals)
            if (p.Type == LowType.Ptr && !p.NotTracked)
                ptrs.Add(p);
        if (ptrs.Count > FrameInfo.MaxPtrParams)
            throw Bug("too many pointer parameters");
        for (int i = 0; i < ptrs.Count; i++)
        {
            ArgWord(i);
            Load(ptrs[i]);
            _il.Op(ILOpCode.Stind_i, 2, 0);
        }
        StG(nameof(G.ArgCount), () => _il.LdcI4(ptrs.Count));
        if (_f.Room != 0)
        {
            _il.Ldarg(0);
            _il.LdcI4(_frame.FrameBytes + _f.Room);
            CallNative("runtime.stackroom", 2);
        }
        _il.Ldarg(0);
        _il.LdcI4(_frame.FrameBytes);
        CallNative("runtime.morestack", 2);
        for (int i = 0; i < ptrs.Count; i++)
        {
            ArgWord(i);
            _il.Unary(ILOpCode.Ldind_i);
            Store(ptrs[i]);
        }
        int unwind = _il.NewLabel();
        LdG(nameof(G.Unwinding));
        _il.Branch(ILOpCode.Brtrue, unwind);
        LdG(nameof(G.Sp));
        _il.LdcI4(_frame.FrameBytes);
        _il.Binary(ILOpCode.Sub);
        _il.Stloc(_fp);
        _il.Branch(ILOpCode.Br, after);
        _il.Mark(unwind);
        // The frame begins here: it is pushed as at the entry site and resumes there.
        var site = _frame.Sites[SiteIds.Entry]!;
        LdG(nameof(G.UnwindFp));
        _il.Stloc(_fp);
        Header(site, true);
        foreach (var l in site.Ptrs)
            StoreHome(l);
        Save(site);
        _il.Branch(ILOpCode.Br, UnwindExit());
    }

    /// <summary>What both bodies do when the function begins, with the frame pushed.</summary>
    void AtEntry()
    {
        foreach (var (offset, size) in _frame.ZeroAtEntry)
            ZeroFrame(offset, size);
        foreach (var l in _frame.ZeroLocals)
        {
            Default(l.Type);
            Store(l);
        }
        foreach (var l in _frame.StoreAtEntry)
            StoreHome(l);
    }

    void ZeroFrame(long offset, long size)
    {
        if (size <= 32 && (size & 7) == 0)
            for (long o = 0; o < size; o += 8)
            {
                FpAdd(offset + o);
                _il.LdcI8(0);
                _il.Op(ILOpCode.Stind_i8, 2, 0);
            }
        else
        {
            FpAdd(offset);
            InitBlock(size);
        }
    }

    void InitBlock(long size)
    {
        if (size > uint.MaxValue)
            throw Bug("block too large");
        _il.LdcI4(0);
        _il.LdcI4((int)(uint)size);
        _il.Op(ILOpCode.Initblk, 3, 0);
    }

    void Dispatch()
    {
        if (_f.Room != 0)
        {
            // The stack may have been halved since the prologue.
            _il.Ldarg(0);
            _il.LdcI4(_f.Room);
            CallNative("runtime.stackroom", 2);
        }
        LdG(nameof(G.Sp));
        _il.Stloc(_fp);
        var targets = new List<int>();
        int bad = _il.NewLabel();
        foreach (var s in _frame.Sites)
            targets.Add(s == null || !_entries.TryGetValue(s, out int l) ? bad : _frame.LoopsAround.TryGetValue(s, out var around) ? _labels[around[0]] : l);
        if (_frame.LoopsAround.Count > 0)
        {
            _pending = NewLocal('w');
            _il.Ldloc(_fp);
            _il.Unary(ILOpCode.Ldind_i4);
            _il.Stloc(_pending);
        }
        if (_entries.Count == 1 && _frame.Sites[SiteIds.Entry] != null)
        {
            _il.Branch(ILOpCode.Br, targets[0]);
            return;
        }
        _il.Ldloc(_fp);
        _il.Unary(ILOpCode.Ldind_i4);
        _il.Switch(targets);
        _il.Branch(ILOpCode.Br, bad);
        _cold.Enqueue(() =>
        {
            _il.Mark(bad);
            BadResume();
        });
    }

    /// <summary>
    /// Resume body: sites in a loop are reached through its head, and those of an inner loop through both. A jump into a loop would make it
    /// none for the JIT, which then neither knows what runs often nor keeps it in registers; and who waits once stays in this body.
    /// </summary>
    void EnterLoop(LowBlock head)
    {
        if (_pending < 0)
            return;
        var ways = new List<(int Site, int To)>();
        foreach (var (site, around) in _frame.LoopsAround)
        {
            int at = around.IndexOf(head);
            if (at >= 0)
                ways.Add((site.Id, at + 1 < around.Count ? _labels[around[at + 1]] : _entries[site]));
        }
        if (ways.Count == 0)
            return;
        int enter = _il.NewLabel();
        _il.Ldloc(_pending);
        _il.Branch(ILOpCode.Brtrue, enter);
        _cold.Enqueue(() =>
        {
            _il.Mark(enter);
            ways.Sort();
            int first = ways[0].Site;
            var targets = new List<int>();
            int bad = _il.NewLabel();
            foreach (var (site, to) in ways)
            {
                while (targets.Count < site - first)
                    targets.Add(bad);
                targets.Add(to);
            }
            _il.Ldloc(_pending);
            _il.LdcI4(first);
            _il.Op(ILOpCode.Sub, 2, 1);
            _il.Switch(targets);
            _il.Mark(bad);
            BadResume();
        });
    }

    void Arrived()
    {
        if (_pending < 0)
            return;
        _il.LdcI4(0);
        _il.Stloc(_pending);
    }

    void BadResume()
    {
        _il.LdcI4(_index);
        _il.Token(ILOpCode.Call, _image.Meta.Member(ImageBuilder.BadResume), 1, 0, "BadResume");
        _il.Ret(0);
    }

    // ---- sites

    /// <summary>Writes the frame header of a site.</summary>
    void Header(FrameSite site, bool full)
    {
        _il.Ldloc(_fp);
        if (full)
        {
            _il.Token(ILOpCode.Ldsfld, _image.HeaderBaseField, 0, 1, "headerBase");
            _il.LdcI8(((long)_index << 32) + site.Id);
            _il.Add();
            _il.Op(ILOpCode.Stind_i8, 2, 0);
        }
        else
        {
            _il.LdcI4(site.Id);
            _il.Op(ILOpCode.Stind_i4, 2, 0);
        }
    }

    void StoreHome(LowLocal l)
    {
        FpAdd(_frame.Home[l.Id]);
        Load(l);
        _il.Op(ILOpCode.Stind_i, 2, 0);
    }

    void Reload(FrameSite site)
    {
        foreach (var l in site.Ptrs)
        {
            FpAdd(_frame.Home[l.Id]);
            _il.Unary(ILOpCode.Ldind_i);
            Store(l);
        }
    }

    /// <summary>Scalars to the save area, before the native frame goes away.</summary>
    void Save(FrameSite site)
    {
        for (int i = 0; i < site.Scalars.Count; i++)
        {
            FpAdd(_frame.SaveAreaOffset + 8 * i);
            Load(site.Scalars[i]);
            _il.Op(WordStore(site.Scalars[i].Type), 2, 0);
        }
    }

    void Restore(FrameSite site)
    {
        for (int i = 0; i < site.Scalars.Count; i++)
        {
            FpAdd(_frame.SaveAreaOffset + 8 * i);
            _il.Unary(WordLoad(site.Scalars[i].Type));
            Store(site.Scalars[i]);
        }
    }

    /// <summary>How a scalar is kept in a word of its own.</summary>
    static ILOpCode WordStore(LowType t) => ImageMetadata.Letter(t) switch { 'i' => ILOpCode.Stind_i, 'l' => ILOpCode.Stind_i8, 'f' => ILOpCode.Stind_r4, 'd' => ILOpCode.Stind_r8, _ => ILOpCode.Stind_i4 };
    static ILOpCode WordLoad(LowType t) => ImageMetadata.Letter(t) switch { 'i' => ILOpCode.Ldind_i, 'l' => ILOpCode.Ldind_i8, 'f' => ILOpCode.Ldind_r4, 'd' => ILOpCode.Ldind_r8, _ => ILOpCode.Ldind_i4 };

    /// <summary>The check after a call that can move the stack or unwind. Marks `after`, where the resume body enters too.</summary>
    void AfterMove(FrameSite site, int after)
    {
        int cold = _il.NewLabel();
        LdG(nameof(G.Sp));
        _il.Ldloc(_fp);
        _il.Branch(ILOpCode.Bne_un, cold);
        _il.Mark(after);
        _cold.Enqueue(() =>
        {
            _il.Mark(cold);
            Moved(site, after);
        });
    }

    void Moved(FrameSite site, int after)
    {
        LdG(nameof(G.Unwinding));
        if (site.Scalars.Count == 0)
            _il.Branch(ILOpCode.Brtrue, UnwindExit());
        else
        {
            int moved = _il.NewLabel();
            _il.Branch(ILOpCode.Brfalse, moved);
            LdG(nameof(G.UnwindFp));
            _il.Stloc(_fp);
            Save(site);
            _il.Branch(ILOpCode.Br, UnwindExit());
            _il.Mark(moved);
        }
        LdG(nameof(G.Sp));
        _il.Stloc(_fp);
        Reload(site);
        _il.Branch(ILOpCode.Br, after);
    }

    /// <summary>The common end of an unwinding frame: the caller is next.</summary>
    int UnwindExit()
    {
        if (_unwindExit < 0)
        {
            _unwindExit = _il.NewLabel();
            _cold.Enqueue(() =>
            {
                _il.Mark(_unwindExit);
                PopUnwinding();
            });
        }
        return _unwindExit;
    }

    void PopUnwinding()
    {
        StG(nameof(G.UnwindFp), () =>
        {
            LdG(nameof(G.UnwindFp));
            _il.LdcI4(_frame.FrameBytes);
            _il.Add();
        });
        ReturnDefault();
    }

    void ReturnDefault()
    {
        if (_resume || _f.ResultTypes.Count == 0)
        {
            _il.Ret(0);
            return;
        }
        Default(_f.ResultTypes[0]);
        _il.Ret(1);
    }

    void Default(LowType t)
    {
        switch (ImageMetadata.Letter(t))
        {
            case 'i': _il.LdcI(0); break;
            case 'l': _il.LdcI8(0); break;
            case 'f': _il.LdcR4(0); break;
            case 'd': _il.LdcR8(0); break;
            default: _il.LdcI4(0); break;
        }
    }

    // ---- blocks

    void Blocks()
    {
        for (int i = 0; i < _frame.Order.Count; i++)
        {
            var b = _frame.Order[i];
            _il.Mark(_labels[b]);
            EnterLoop(b);
            if (_frame.PollOf.TryGetValue(b, out var poll))
                Poll(poll);
            else if (b.LoopHeader && _il.Dead)
                throw Bug("dead loop");
            bool ended = false;
            foreach (var instr in b.Instrs)
            {
                ended = Instr(instr);
                if (ended)
                    break;
            }
            if (!ended)
                Term(b.Term, i + 1 < _frame.Order.Count ? _frame.Order[i + 1] : null);
        }
    }

    /// <summary>`if (g->Preempt != 0)`: a call on the cold side, with everything saved only there.</summary>
    void Poll(FrameSite site)
    {
        int cold = _il.NewLabel(), after = _il.NewLabel();
        LdG(nameof(G.Preempt));
        _il.Branch(ILOpCode.Brtrue, cold);
        _il.Mark(after);
        _cold.Enqueue(() =>
        {
            _il.Mark(cold);
            Header(site, true);
            foreach (var l in site.Ptrs)
                StoreHome(l);
            Save(site);
            _il.Ldarg(0);
            CallSymbol("runtime.goPreempt", [], []);
            LdG(nameof(G.Unwinding));
            _il.Branch(ILOpCode.Brtrue, UnwindExit());
            // Everything is loaded again, so that nothing is live across the call and loops keep their registers.
            LdG(nameof(G.Sp));
            _il.Stloc(_fp);
            Reload(site);
            Restore(site);
            _il.Branch(ILOpCode.Br, after);
        });
        Entry(site, after, null);
    }

    /// <summary>Resume body: the way from the dispatch to the place behind the site.</summary>
    void Entry(FrameSite site, int after, LowCall? call)
    {
        if (!_entries.TryGetValue(site, out int label))
            return;
        _entered.Add(site);
        _cold.Enqueue(() =>
        {
            _il.Mark(label);
            Arrived();
            Reload(site);
            Restore(site);
            if (call != null)
                for (int k = 0; k < call.Results.Count; k++)
                    if (call.Results[k] is { } r)
                    {
                        ResultWord(k);
                        _il.Unary(WordLoad(r.Type));
                        Store(r);
                    }
            _il.Branch(ILOpCode.Br, after);
        });
    }

    void Term(LowTerm term, LowBlock? next)
    {
        switch (term)
        {
            case LowJump j:
                Jump(j.Target, next);
                break;
            case LowBranch b:
                if (ReferenceEquals(b.Then, b.Else))
                    Jump(b.Then, next);
                else if (b.Cond is LowConst c)
                    Jump(c.Bits != 0 ? b.Then : b.Else, next);
                else if (ReferenceEquals(b.Then, next))
                    BranchIf(b.Cond, _labels[b.Else], false);
                else
                {
                    BranchIf(b.Cond, _labels[b.Then], true);
                    Jump(b.Else, next);
                }
                break;
            case LowSwitch s:
                Expr(s.Value);
                if (ImageMetadata.Letter(s.Value.Type) is 'l' or 'i')
                {
                    // The IL switch looks at 32 bits only.
                    int t = Temp('l');
                    _il.Stloc(t);
                    _il.Ldloc(t);
                    _il.LdcI8(s.Targets.Count);
                    _il.Branch(ILOpCode.Bge_un, _labels[s.Default]);
                    _il.Ldloc(t);
                    _il.Unary(ILOpCode.Conv_u4);
                    Free(t);
                }
                var targets = new List<int>();
                foreach (var t in s.Targets)
                    targets.Add(_labels[t]);
                _il.Switch(targets);
                Jump(s.Default, next);
                break;
            case LowReturn r:
                Return(r);
                break;
            case LowUnreachable:
                ReturnDefault();
                break;
            default:
                throw Bug($"unknown terminator {term?.GetType().Name ?? "null"}");
        }
    }

    void Jump(LowBlock target, LowBlock? next)
    {
        if (!ReferenceEquals(target, next))
            _il.Branch(ILOpCode.Br, _labels[target]);
    }

    void Return(LowReturn r)
    {
        if (r.Values.Count != _f.ResultTypes.Count)
            throw Bug($"{r.Values.Count} values returned, {_f.ResultTypes.Count} declared");
        int first = _resume ? 0 : 1;
        // R is read by nobody but callers after their call, so the order of the stores does not matter.
        for (int k = first; k < r.Values.Count; k++)
        {
            ResultWord(k);
            Expr(r.Values[k], _f.ResultTypes[k]);
            _il.Op(WordStore(_f.ResultTypes[k]), 2, 0);
        }
        bool value = !_resume && r.Values.Count > 0;
        if (value)
            Expr(r.Values[0], _f.ResultTypes[0]);
        if (_frame.HasFrame)
            StG(nameof(G.Sp), () => FpAdd(_frame.FrameBytes));
        _il.Ret(value ? 1 : 0);
    }

    static string N(long v) => v.ToString(CultureInfo.InvariantCulture);
}
