// Turns the specs of one image into descriptors (see TypeTable and Abi/TypeSectionFormat).
//
// Two passes, because types refer to each other in circles: the first gives every new type its place, the second fills it.

using System;
using Tuza.Abi;

namespace Tuza.Runtime;

public static unsafe partial class TypeTable
{
    ref struct Loader
    {
        readonly byte* _section;
        readonly int _codeBase;
        readonly TypeDesc** _types;
        readonly uint _typeCount, _itabCount;
        byte* _names, _masks, _links, _records, _itabs;

        public Loader(byte* section, int codeBase, TypeDesc** types)
        {
            _section = section;
            _codeBase = codeBase;
            _types = types;
            _typeCount = ((uint*)section)[0];
            _itabCount = ((uint*)section)[1];
        }

        public void Run(Itab** itabs)
        {
            CopyBlobs();
            var isNew = new bool[_typeCount];
            Place(isNew);
            Fill(isNew);
            uint* pairs = (uint*)_itabs;
            for (uint i = 0; i < _itabCount; i++)
                itabs[i] = GetItabLocked((InterfaceTypeDesc*)_types[pairs[2 * i]], _types[pairs[2 * i + 1]]);
        }

        /// <summary>Names, masks and link names move into the type region, where offsets reach them.</summary>
        void CopyBlobs()
        {
            uint* head = (uint*)_section;
            uint nameBytes = head[2], maskBytes = head[3], relocs = head[4], linkBytes = head[5];
            byte* at = _section + 24;
            _names = Copy(ref at, nameBytes);
            _masks = Copy(ref at, maskBytes);
            _links = Copy(ref at, linkBytes);
            uint* reloc = (uint*)at;
            for (uint i = 0; i < relocs; i++)
                *(int*)(_names + reloc[2 * i]) = Offset(_names + reloc[2 * i + 1]);
            _records = at + 8 * relocs;
        }

        static byte* Copy(ref byte* from, uint bytes)
        {
            byte* to = Alloc(bytes);
            Buffer.MemoryCopy(from, to, bytes, bytes);
            from += bytes;
            return to;
        }

        static int Offset(void* p) => (int)((byte*)p - s_base);
        readonly byte* Name(uint r) => r == TypeSectionFormat.NoRef ? null : _names + r;
        readonly int NameOff(uint r) => r == TypeSectionFormat.NoRef ? 0 : Offset(_names + r);
        readonly TypeDesc* Type(uint r) => r == TypeSectionFormat.NoRef ? null : _types[r];
        readonly FuncVal* Code(uint r) => r == TypeSectionFormat.NoRef ? null : FuncValOf(_codeBase + (int)r);

        void Place(bool[] isNew)
        {
            byte* at = _records;
            for (uint i = 0; i < _typeCount; i++)
            {
                var r = (TypeRecord*)at;
                byte* link = _links + r->LinkOffset;
                TypeDesc* known = s_entries[Slot(r->LinkHash, link, r->LinkLength)].Type;
                if (known == null)
                {
                    if (r->Extern != 0)
                        throw new InvalidOperationException($"type {new string((sbyte*)link, 0, (int)r->LinkLength)} is declared by no loaded image");
                    int before = r->Kind == Kind.Func ? TypeSectionFormat.BridgeCount * sizeof(int) : 0;
                    known = (TypeDesc*)(Alloc(DescriptorBytes(r) + (nuint)before) + before);
                    Insert(r->LinkHash, link, r->LinkLength, known);
                    isNew[i] = true;
                }
                _types[i] = known;
                at += sizeof(TypeRecord) + r->TailBytes;
            }
            _itabs = at;
        }

        /// <summary>Head, uncommon part, function parameter list, method list; interface methods and struct fields are allocated apart.</summary>
        static nuint DescriptorBytes(TypeRecord* r)
        {
            uint* tail = (uint*)(r + 1);
            var bytes = (nuint)TypeTable.HeadBytes(r->Kind);
            if (r->Kind == Kind.Func)
                bytes += 8 * (tail[0] + (tail[1] & 0x7FFF));
            if ((r->TFlag & TFlag.Uncommon) != 0)
            {
                uint* uncommon = (uint*)((byte*)tail + r->TailBytes) - 3;
                // The uncommon part is written with its counts last, behind its methods, so that it is found from the end.
                bytes += (nuint)sizeof(UncommonTypeDesc) + (uncommon[1] * (nuint)sizeof(MethodDesc));
            }
            return bytes;
        }

        readonly void Fill(bool[] isNew)
        {
            byte* at = _records;
            for (uint i = 0; i < _typeCount; i++)
            {
                var r = (TypeRecord*)at;
                if (isNew[i])
                    FillOne(r, _types[i]);
                at += sizeof(TypeRecord) + r->TailBytes;
            }
        }

        readonly void FillOne(TypeRecord* r, TypeDesc* t)
        {
            t->Size = (nuint)r->Size;
            t->PtrBytes = (nuint)r->PtrBytes;
            t->Hash = r->Hash;
            t->TFlag = r->TFlag;
            t->Align = t->FieldAlign = r->Align;
            t->Kind = r->Kind;
            t->Equal = Code(r->EqualCode);
            if ((r->TFlag & TFlag.GCMaskOnDemand) != 0)
            {
                t->GCData = Alloc(8);
                *(byte**)t->GCData = null;
            }
            else
            {
                t->GCData = r->Mask == TypeSectionFormat.NoRef ? null : _masks + r->Mask;
            }
            t->Str = NameOff(r->StrName);

            uint* tail = (uint*)(r + 1);
            byte* next = (byte*)t + TypeTable.HeadBytes(r->Kind);
            FillKind(r->Kind, t, tail, (r->TFlag & TFlag.Uncommon) != 0 ? next + sizeof(UncommonTypeDesc) : next);
            if ((r->TFlag & TFlag.Uncommon) != 0)
                FillUncommon(r, (UncommonTypeDesc*)next, r->Kind == Kind.Func ? 8 * (tail[0] + (tail[1] & 0x7FFF)) : 0);
        }

        readonly void FillKind(Kind kind, TypeDesc* t, uint* tail, byte* funcTypes)
        {
            switch (kind)
            {
                case Kind.Array:
                    ((ArrayTypeDesc*)t)->Elem = Type(tail[0]);
                    ((ArrayTypeDesc*)t)->Slice = Type(tail[1]);
                    ((ArrayTypeDesc*)t)->Len = (nuint)(*(ulong*)(tail + 2));
                    break;
                case Kind.Chan:
                    ((ChanTypeDesc*)t)->Elem = Type(tail[0]);
                    ((ChanTypeDesc*)t)->Dir = (nint)tail[1];
                    break;
                case Kind.Pointer:
                    ((PtrTypeDesc*)t)->Elem = Type(tail[0]);
                    Type(tail[0])->PtrToThis = Offset(t);
                    break;
                case Kind.Slice:
                    ((SliceTypeDesc*)t)->Elem = Type(tail[0]);
                    break;
                case Kind.Func:
                    ((FuncTypeDesc*)t)->InCount = (ushort)tail[0];
                    ((FuncTypeDesc*)t)->OutCount = (ushort)tail[1];
                    for (int i = 0; i < TypeSectionFormat.BridgeCount; i++)
                        Bridges(t)[i] = _codeBase + (int)tail[2 + i];
                    for (uint i = 0; i < tail[0] + (tail[1] & 0x7FFF); i++)
                        ((TypeDesc**)funcTypes)[i] = Type(tail[2 + TypeSectionFormat.BridgeCount + i]);
                    break;
                case Kind.Interface:
                    FillInterface((InterfaceTypeDesc*)t, tail);
                    break;
                case Kind.Struct:
                    FillStruct((StructTypeDesc*)t, tail);
                    break;
                case Kind.Map:
                    FillMap((MapTypeDesc*)t, tail);
                    break;
            }
        }

        readonly void FillInterface(InterfaceTypeDesc* t, uint* tail)
        {
            t->PkgPath = Name(tail[0]);
            uint n = tail[1];
            var methods = (Imethod*)Alloc(n * (nuint)sizeof(Imethod));
            for (uint i = 0; i < n; i++)
                methods[i] = new Imethod { Name = NameOff(tail[2 + 2 * i]), Type = Offset(Type(tail[3 + 2 * i])) };
            t->Methods = new GoSlice { Array = (byte*)methods, Len = (nint)n, Cap = (nint)n };
        }

        readonly void FillStruct(StructTypeDesc* t, uint* tail)
        {
            t->PkgPath = Name(tail[0]);
            uint n = tail[1];
            var fields = (StructFieldDesc*)Alloc(n * (nuint)sizeof(StructFieldDesc));
            for (uint i = 0; i < n; i++)
            {
                uint* f = tail + 2 + 4 * i;
                fields[i] = new StructFieldDesc { Name = Name(f[0]), Type = Type(f[1]), Offset = (nuint)(f[2] | ((ulong)f[3] << 32)) };
            }
            t->Fields = new GoSlice { Array = (byte*)fields, Len = (nint)n, Cap = (nint)n };
        }

        readonly void FillMap(MapTypeDesc* t, uint* tail)
        {
            t->Key = Type(tail[0]);
            t->Elem = Type(tail[1]);
            t->Group = Type(tail[2]);
            t->Hasher = Code(tail[3]);
            t->GroupSize = (nuint)(tail[4] | ((ulong)tail[5] << 32));
            uint slotSize = tail[6], elemOff = tail[7];
            t->KeysOff = 8;
            t->KeyStride = t->ElemStride = slotSize;
            t->ElemsOff = 8 + elemOff;
            t->ElemOff = elemOff;
            t->Flags = (MapFlags)tail[8];
        }

        readonly void FillUncommon(TypeRecord* r, UncommonTypeDesc* u, uint skip)
        {
            uint* counts = (uint*)((byte*)(r + 1) + r->TailBytes) - 3;
            uint n = counts[1];
            u->PkgPath = NameOff(counts[0]);
            u->MethodCount = (ushort)n;
            u->ExportedCount = (ushort)counts[2];
            u->MethodsOffset = (uint)sizeof(UncommonTypeDesc) + skip;
            var methods = (MethodDesc*)((byte*)u + u->MethodsOffset);
            uint* from = counts - 4 * n;
            for (uint i = 0; i < n; i++, from += 4)
            {
                methods[i] = new MethodDesc
                {
                    Name = NameOff(from[0]),
                    Mtyp = Offset(Type(from[1])),
                    Ifn = from[2] == TypeSectionFormat.NoRef ? -1 : _codeBase + (int)from[2],
                    Tfn = from[3] == TypeSectionFormat.NoRef ? -1 : _codeBase + (int)from[3],
                };
            }
        }
    }
}
