// Symbol names, equal to gc's: "fmt.Println", "main.(*T).M", "main.T.M", "slices.Sort[int]", "main.main.func1", "main.f.gowrap1".

using System.Collections.Generic;
using System.Text;
using Tuza.Types;

namespace Tuza.IR;

public static class Names
{
    /// <summary>The package's part of a symbol: "main" for commands; dots after the last slash and odd characters are escaped as %xx.</summary>
    public static string Prefix(Package pkg)
    {
        if (pkg.Name == "main")
            return "main";
        string path = pkg.Path;
        int slash = path.LastIndexOf('/');
        StringBuilder? sb = null;
        for (int i = 0; i < path.Length; i++)
        {
            char c = path[i];
            bool odd = c <= ' ' || c == '%' || c == '"' || c >= 0x7F || c == '.' && i > slash;
            if (odd && sb == null)
                sb = new StringBuilder(path, 0, i, path.Length + 8);
            if (!odd)
                sb?.Append(c);
            else
                foreach (byte b in Encoding.UTF8.GetBytes(c.ToString()))
                    sb!.Append('%').Append(b.ToString("x2"));
        }
        return sb?.ToString() ?? path;
    }

    /// <summary>The symbol of a declared function or method that is not generic; `init` functions are numbered by their package's builder.</summary>
    public static string OfFunc(Func f) => OfFunc(f, [], []);

    /// <summary>The symbol of an instance: receiver type arguments and the function's own.</summary>
    public static string OfFunc(Func f, IReadOnlyList<GoType> recvArgs, IReadOnlyList<GoType> args)
    {
        f = f.Origin;
        string tail = f.Name + TypeArgs(args);
        if (f.Sig.Recv == null)
            return Prefix(f.Pkg!) + "." + tail;
        var t = f.Sig.Recv.Type.Unalias;
        bool ptr = t is PointerType;
        if (t is PointerType p)
            t = p.Elem.Unalias;
        if (t is NamedType n)
        {
            string typeName = n.Obj.Name + TypeArgs(recvArgs);
            return Prefix(f.Pkg!) + "." + (ptr ? $"(*{typeName})." : typeName + ".") + tail;
        }
        return "go." + TypeWriter.LinkName(t) + "." + tail;
    }

    /// <summary>The symbol of the method <paramref name="name"/> (with type arguments) on a receiver type, wrappers included.</summary>
    public static string OfMethod(GoType recv, string name)
    {
        recv = recv.Unalias;
        bool ptr = false;
        if (recv is PointerType p && recv is not NamedType)
        {
            ptr = true;
            recv = p.Elem.Unalias;
        }
        if (recv is not NamedType n)
            return "go." + (ptr ? $"(*{TypeWriter.LinkName(recv)})." : TypeWriter.LinkName(recv) + ".") + name;
        if (n.Obj.Pkg == null) // error
            return (ptr ? $"(*{n.Obj.Name})." : n.Obj.Name + ".") + name;
        string prefix = Prefix(n.Obj.Pkg);
        string link = TypeWriter.LinkName(n); // keeps the numbers of local types
        string typeName = link.StartsWith(prefix + ".", System.StringComparison.Ordinal) ? link[(prefix.Length + 1)..] : link;
        return prefix + "." + (ptr ? $"(*{typeName})." : typeName + ".") + name;
    }

    /// <summary>What people see of a symbol: without the `#...#` that tells copies of function literals apart.</summary>
    public static string Shown(string symbol)
    {
        int i = symbol.EndsWith('#') ? symbol.IndexOf('#') : -1;
        return i < 0 ? symbol : symbol[..i];
    }

    /// <summary>"[int,main.T]", or "" without arguments.</summary>
    public static string TypeArgs(IReadOnlyList<GoType> args)
    {
        if (args.Count == 0)
            return "";
        var sb = new StringBuilder("[");
        for (int i = 0; i < args.Count; i++)
            sb.Append(i > 0 ? "," : "").Append(TypeWriter.LinkName(args[i]));
        return sb.Append(']').ToString();
    }
}
