namespace Tuza.Types;
using System; using System.Collections.Generic; using Tuza.Syntax;
public enum ConversionError : byte { None, TruncatedFloat, NumericOverflow, InvalidConstVal, InvalidUntypedConversion }
public static class Relations
{
    /// <summary>V implements interface T (or satisfies constraint T). Cause is a complete sentence: "V does not implement T (missing method M)".</summary>
    public static bool Implements(TypeEnv env, GoType v, GoType t, bool constraint, out string cause) => throw new NotImplementedException();
    /// <summary>The first method of T that V lacks, or null. Cause is "(missing method M)" and the like.</summary>
    public static Func? MissingMethod(TypeEnv env, GoType v, GoType t, bool isStatic, Func<GoType, GoType, bool>? equivalent, out bool wrongType, out string cause) => throw new NotImplementedException();
    public static bool HasAllMethods(TypeEnv env, GoType v, GoType t, bool isStatic, Func<GoType, GoType, bool>? equivalent, out string cause) => throw new NotImplementedException();
    /// <summary>x.(T) is possible for x of interface type V.</summary>
    public static bool AssertableTo(TypeEnv env, GoType v, GoType t, out string cause) => throw new NotImplementedException();
    public static bool AssignableTo(TypeEnv env, Operand x, GoType t, out string cause) => throw new NotImplementedException();
    /// <summary>The non-constant conversion T(x) is valid.</summary>
    public static bool ConvertibleTo(TypeEnv env, Operand x, GoType t, out string cause) => throw new NotImplementedException();
    /// <summary>The type an untyped x takes when it meets target (null: impossible, see error), and its rounded value if constant.</summary>
    public static GoType? ImplicitType(TypeEnv env, Operand x, GoType target, out Constant? value, out ConversionError error) => throw new NotImplementedException();
    /// <summary>Constant operand x as a value of basic type t.</summary>
    public static Constant? Representation(TypeEnv env, Operand x, BasicType t, out ConversionError error) => throw new NotImplementedException();
    /// <summary>Value x fits basic type t; rounded is the value t would hold (x itself where it does not apply).</summary>
    public static bool Representable(Constant x, BasicType t, Sizes sizes, out Constant rounded) => throw new NotImplementedException();
    public static bool IsInterfacePtr(GoType t) => throw new NotImplementedException();
    public static string InterfacePtrError(TypeEnv env, GoType t) => throw new NotImplementedException();
}
