// The metadata of one image: references to C# types, methods and fields by name, signatures of Go functions, tokens.
//
// A Go function's signature is (native int g, [native int ctx,] scalars…) -> first scalar or void; pointers are native int.

using System;
using System.Collections.Generic;
using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using Tuza.Abi;
using Tuza.IR;

namespace Tuza.Emit;

sealed class ImageMetadata
{
    /// <summary>The static class of every image; its module methods carry the Go link names.</summary>
    public const string ClassName = "Go";

    /// <summary>The static class of the bodies that go on where a goroutine was parked.</summary>
    public const string ResumeClassName = "GoResume";

    readonly Dictionary<string, AssemblyReferenceHandle> _assemblies = [];
    readonly Dictionary<Type, EntityHandle> _types = [];
    readonly Dictionary<MemberInfo, int> _members = [];
    readonly Dictionary<string, EntityHandle> _imageTypes = [];
    readonly Dictionary<(string, string), int> _imageMethods = [];
    readonly Dictionary<string, int> _calli = [];
    readonly Dictionary<string, StandaloneSignatureHandle> _locals = [];

    public MetadataBuilder Builder { get; } = new();

    AssemblyReferenceHandle Reference(string name, Version version, byte[]? token)
    {
        if (!_assemblies.TryGetValue(name, out var h))
            _assemblies.Add(name, h = Builder.AddAssemblyReference(Builder.GetOrAddString(name), version, default, token == null || token.Length == 0 ? default : Builder.GetOrAddBlob(token), default, default));
        return h;
    }

    public EntityHandle TypeRef(Type t)
    {
        if (_types.TryGetValue(t, out var h))
            return h;
        EntityHandle scope;
        if (t.DeclaringType != null)
            scope = TypeRef(t.DeclaringType);
        else
        {
            var n = t.Assembly.GetName();
            scope = Reference(n.Name!, n.Version ?? new Version(), n.GetPublicKeyToken());
        }
        h = Builder.AddTypeReference(scope, t.DeclaringType != null || t.Namespace == null ? default : Builder.GetOrAddString(t.Namespace), Builder.GetOrAddString(t.Name));
        _types.Add(t, h);
        return h;
    }

    void Encode(SignatureTypeEncoder e, Type t)
    {
        if (t.IsByRef)
            throw new InvalidOperationException("by-reference type outside a parameter");
        if (t.IsPointer)
        {
            if (t.GetElementType() == typeof(void))
                e.VoidPointer();
            else
                Encode(e.Pointer(), t.GetElementType()!);
        }
        else if (t.IsFunctionPointer)
            EncodeFunction(e, t);
        else if (t == typeof(nint)) e.IntPtr();
        else if (t == typeof(nuint)) e.UIntPtr();
        else if (t.IsEnum || !t.IsPrimitive)
        {
            if (t.IsGenericType)
                throw new InvalidOperationException($"generic type {t} in the signature of a runtime method");
            if (t == typeof(string)) e.String();
            else if (t == typeof(object)) e.Object();
            else e.Type(TypeRef(t), t.IsValueType);
        }
        else
            switch (Type.GetTypeCode(t))
            {
                case TypeCode.Boolean: e.Boolean(); break;
                case TypeCode.Char: e.Char(); break;
                case TypeCode.SByte: e.SByte(); break;
                case TypeCode.Byte: e.Byte(); break;
                case TypeCode.Int16: e.Int16(); break;
                case TypeCode.UInt16: e.UInt16(); break;
                case TypeCode.Int32: e.Int32(); break;
                case TypeCode.UInt32: e.UInt32(); break;
                case TypeCode.Int64: e.Int64(); break;
                case TypeCode.UInt64: e.UInt64(); break;
                case TypeCode.Single: e.Single(); break;
                case TypeCode.Double: e.Double(); break;
                default: throw new InvalidOperationException($"type {t} in the signature of a runtime method");
            }
    }

    void EncodeFunction(SignatureTypeEncoder e, Type t)
    {
        var ps = t.GetFunctionPointerParameterTypes();
        e.FunctionPointer(t.IsUnmanagedFunctionPointer ? SignatureCallingConvention.Unmanaged : SignatureCallingConvention.Default)
            .Parameters(ps.Length, r => EncodeReturn(r, t.GetFunctionPointerReturnType()), p =>
            {
                foreach (var x in ps)
                    Encode(p.AddParameter().Type(), x);
            });
    }

    void EncodeReturn(ReturnTypeEncoder r, Type t)
    {
        if (t == typeof(void))
            r.Void();
        else
            Encode(r.Type(t.IsByRef), t.IsByRef ? t.GetElementType()! : t);
    }

    /// <summary>Token of a C# method or field.</summary>
    public int Member(MemberInfo m)
    {
        if (_members.TryGetValue(m, out int token))
            return token;
        var blob = new BlobBuilder();
        if (m is MethodBase method)
        {
            var ps = method.GetParameters();
            new BlobEncoder(blob).MethodSignature(isInstanceMethod: !method.IsStatic).Parameters(ps.Length,
                r => EncodeReturn(r, method is MethodInfo mi ? mi.ReturnType : typeof(void)),
                p =>
                {
                    foreach (var x in ps)
                    {
                        var t = x.ParameterType;
                        Encode(p.AddParameter().Type(t.IsByRef), t.IsByRef ? t.GetElementType()! : t);
                    }
                });
        }
        else
            Encode(new BlobEncoder(blob).Field().Type(), ((FieldInfo)m).FieldType);
        token = MetadataTokens.GetToken(Builder.AddMemberReference(TypeRef(m.DeclaringType!), Builder.GetOrAddString(m.Name), Builder.GetOrAddBlob(blob)));
        _members.Add(m, token);
        return token;
    }

    public int Field(Type t, string name) =>
        Member(t.GetField(name, BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic) ?? throw new InvalidOperationException($"no field {t}.{name}"));

    // ---- signatures of Go functions

    /// <summary>Letters of the IL types: i native int, w int32, l int64, f float32, d float64, v void.</summary>
    public static char Letter(LowType t) => t switch
    {
        LowType.Ptr => 'i',
        LowType.I64 or LowType.U64 => 'l',
        LowType.F32 => 'f',
        LowType.F64 => 'd',
        _ => 'w',
    };

    /// <summary>"params:result".</summary>
    public static string Signature(bool hasCtx, IReadOnlyList<LowType> ps, IReadOnlyList<LowType> rs)
    {
        var sb = new System.Text.StringBuilder("i");
        if (hasCtx)
            sb.Append('i');
        foreach (var p in ps)
            sb.Append(Letter(p));
        return sb.Append(':').Append(rs.Count == 0 ? 'v' : Letter(rs[0])).ToString();
    }

    static void Put(SignatureTypeEncoder e, char c)
    {
        switch (c)
        {
            case 'i': e.IntPtr(); break;
            case 'w': e.Int32(); break;
            case 'l': e.Int64(); break;
            case 'f': e.Single(); break;
            case 'd': e.Double(); break;
        }
    }

    public BlobHandle GoSignature(string sig)
    {
        var blob = new BlobBuilder();
        EncodeGo(blob, sig);
        return Builder.GetOrAddBlob(blob);
    }

    static void EncodeGo(BlobBuilder blob, string sig)
    {
        int n = sig.Length - 2;
        new BlobEncoder(blob).MethodSignature().Parameters(n,
            r =>
            {
                if (sig[^1] == 'v')
                    r.Void();
                else
                    Put(r.Type(), sig[^1]);
            },
            p =>
            {
                for (int i = 0; i < n; i++)
                    Put(p.AddParameter().Type(), sig[i]);
            });
    }

    /// <summary>Token for calli with a managed function pointer.</summary>
    public int Calli(string sig)
    {
        if (!_calli.TryGetValue(sig, out int token))
            _calli.Add(sig, token = MetadataTokens.GetToken(Builder.AddStandaloneSignature(GoSignature(sig))));
        return token;
    }

    /// <summary>The signature of local variables given by letters.</summary>
    public StandaloneSignatureHandle Locals(string letters)
    {
        if (letters.Length == 0)
            return default;
        if (_locals.TryGetValue(letters, out var h))
            return h;
        var blob = new BlobBuilder();
        var e = new BlobEncoder(blob).LocalVariableSignature(letters.Length);
        foreach (char c in letters)
            Put(e.AddVariable().Type(), c);
        h = Builder.AddStandaloneSignature(Builder.GetOrAddBlob(blob));
        _locals.Add(letters, h);
        return h;
    }

    /// <summary>Token of a Go function of another image.</summary>
    public int ImageMethod(string packagePath, string name, string sig)
    {
        if (_imageMethods.TryGetValue((packagePath, name), out int token))
            return token;
        if (!_imageTypes.TryGetValue(packagePath, out var type))
        {
            type = Builder.AddTypeReference(Reference(ImageFormat.AssemblyName(packagePath), new Version(0, 0, 0, 0), null), default, Builder.GetOrAddString(ClassName));
            _imageTypes.Add(packagePath, type);
        }
        token = MetadataTokens.GetToken(Builder.AddMemberReference(type, Builder.GetOrAddString(name), GoSignature(sig)));
        _imageMethods.Add((packagePath, name), token);
        return token;
    }

    /// <summary>Lets the image use internal members of the run-time floor.</summary>
    public void AllowInternals(IEnumerable<string> assemblies)
    {
        var ctor = Member(typeof(System.Runtime.CompilerServices.IgnoresAccessChecksToAttribute).GetConstructors()[0]);
        foreach (string name in assemblies)
        {
            var blob = new BlobBuilder();
            new BlobEncoder(blob).CustomAttributeSignature(f => f.AddArgument().Scalar().Constant(name), _ => { });
            Builder.AddCustomAttribute(EntityHandle.AssemblyDefinition, (EntityHandle)MetadataTokens.Handle(ctor), Builder.GetOrAddBlob(blob));
        }
    }
}
