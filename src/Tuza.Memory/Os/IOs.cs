// The seam to the operating system, in the four states of address space.
//
//   None      not ours.
//   Reserved  ours, must not be touched.
//   Prepared  may be touched after Used; the system may or may not have pages behind it.
//   Ready     in use.
//
// Reserve: None -> Reserved.  Map: Reserved -> Prepared.  Used: Prepared -> Ready.  Unused: Ready -> Prepared, contents lost.
// Fault: Ready -> Reserved.   Alloc: None -> Ready.       Free: any -> None.
//
// On Linux Prepared and Ready are the same mapping; Unused tells the kernel to take the pages back.

namespace Tuza.Memory;

/// <summary>Address space from the operating system. Sizes and addresses are multiples of the system's page size.</summary>
public unsafe interface IOs
{
    /// <summary>Reserves address space at the hint if it is free, elsewhere otherwise; null when refused.</summary>
    byte* Reserve(byte* hint, nuint bytes);

    /// <summary>Makes a reserved range usable; false when the system refuses.</summary>
    bool Map(byte* address, nuint bytes);

    void Used(byte* address, nuint bytes);

    void Unused(byte* address, nuint bytes);

    /// <summary>Large pages behind a range in use or just mapped, which is still zero. False if the system has none at hand: then the range has small ones.</summary>
    bool LargePages(byte* address, nuint bytes);

    /// <summary>Takes LargePages back.</summary>
    void SmallPages(byte* address, nuint bytes);

    void Fault(byte* address, nuint bytes);

    /// <summary>Zeroed memory ready to use, or null.</summary>
    byte* Alloc(nuint bytes);

    void Free(byte* address, nuint bytes);
}
