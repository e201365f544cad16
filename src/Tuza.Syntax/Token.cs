// The tokens of Go, and which of them are operators of what precedence. CONTRACT FILE.

namespace Tuza.Syntax;

public enum Token : byte
{
    None, EOF,
    Name, Literal,
    // operators that can be binary, in AssignStmt.Op too
    OrOr, AndAnd,
    Eql, Neq, Lss, Leq, Gtr, Geq,
    Add, Sub, Or, Xor,
    Mul, Div, Rem, And, AndNot, Shl, Shr,
    // unary or punctuation only
    Not, Tilde, Arrow, // ! ~ <-
    Assign, Define, AssignOp, IncOp, // = := op= ++/--
    Lparen, Lbrack, Lbrace, Rparen, Rbrack, Rbrace, Comma, Semi, Colon, Dot, DotDotDot,
    // keywords
    Break, Case, Chan, Const, Continue, Default, Defer, Else, Fallthrough, For, Func, Go, Goto, If, Import, Interface, Map, Package,
    Range, Return, Select, Struct, Switch, Type, Var,
}
