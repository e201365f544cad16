package runtime

import "unsafe"

// reflect hands arguments over in memory; functions take them as their types say. A bridge generated for each function type lies between.

func reflectInvoker(ftyp unsafe.Pointer, method bool) unsafe.Pointer
func reflectFuncStub(ftyp unsafe.Pointer) uintptr
func reflectMethodStub(ftyp unsafe.Pointer) uintptr

//go:linkname reflect_callTyped reflect.callTyped
func reflect_callTyped(ftyp unsafe.Pointer, method bool, fn, frame unsafe.Pointer) {
	bridge := reflectInvoker(ftyp, method)
	if bridge == nil {
		panic(plainError("reflect: call of a function whose type was made by FuncOf"))
	}
	if method {
		fn = *(*unsafe.Pointer)(fn) // the slot holds the method's code word
	}
	(*(*func(fn, frame unsafe.Pointer))(unsafe.Pointer(&bridge)))(fn, frame)
}

//go:linkname reflect_funcStubFor reflect.funcStubFor
func reflect_funcStubFor(ftyp unsafe.Pointer) uintptr {
	if code := reflectFuncStub(ftyp); code != 0 {
		return code
	}
	panic(plainError("reflect: MakeFunc of a function type made by FuncOf"))
}

//go:linkname reflect_methodStubFor reflect.methodStubFor
func reflect_methodStubFor(ftyp unsafe.Pointer) uintptr {
	if code := reflectMethodStub(ftyp); code != 0 {
		return code
	}
	panic(plainError("reflect: method value of a function type made by FuncOf"))
}
