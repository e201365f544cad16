
// Stubs by type of function: hooks of the runtime.

func funcStubFor(ftyp unsafe.Pointer) uintptr
func methodStubFor(ftyp unsafe.Pointer) uintptr
func callTyped(ftyp unsafe.Pointer, method bool, fn, frame unsafe.Pointer)
