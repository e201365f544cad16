package runtime

import (
	"internal/abi"
	"unsafe"
)

// reflect hands arguments over in memory; functions take them as their types say. A bridge generated for each function type lies between;
// for types that reflect made, the bridge is made when it is first needed.

func reflectInvoker(ftyp unsafe.Pointer, method bool) unsafe.Pointer
func reflectFuncStub(ftyp unsafe.Pointer) uintptr
func reflectMethodStub(ftyp unsafe.Pointer) uintptr

// reflectDynCall leaves all results but the first in the goroutine; reflectDynResults takes them from there, so nothing may come between.
func reflectDynCall(ftyp unsafe.Pointer, method bool, fn, frame unsafe.Pointer) uint64
func reflectDynResults(ftyp unsafe.Pointer, method bool, frame unsafe.Pointer, first uint64)
func reflectDynStubCode(ftyp unsafe.Pointer, methodValue bool) uintptr
func reflectDynLoad(shape uint64, frame, h0, h1, h2, h3, h4, h5, h6, h7 unsafe.Pointer) uint64

//go:linkname reflect_callTyped reflect.callTyped
func reflect_callTyped(ftyp unsafe.Pointer, method bool, fn, frame unsafe.Pointer) {
	bridge := reflectInvoker(ftyp, method)
	if method {
		fn = *(*unsafe.Pointer)(fn) // the slot holds the method's code word
	}
	if bridge == nil {
		reflectDynResults(ftyp, method, frame, reflectDynCall(ftyp, method, fn, frame))
		return
	}
	(*(*func(fn, frame unsafe.Pointer))(unsafe.Pointer(&bridge)))(fn, frame)
}

//go:linkname reflect_funcStubFor reflect.funcStubFor
func reflect_funcStubFor(ftyp unsafe.Pointer) uintptr {
	if code := reflectFuncStub(ftyp); code != 0 {
		return code
	}
	return dynStub(ftyp, false)
}

//go:linkname reflect_methodStubFor reflect.methodStubFor
func reflect_methodStubFor(ftyp unsafe.Pointer) uintptr {
	if code := reflectMethodStub(ftyp); code != 0 {
		return code
	}
	return dynStub(ftyp, true)
}

func dynStub(ftyp unsafe.Pointer, methodValue bool) uintptr {
	code := reflectDynStubCode(ftyp, methodValue)
	if code == 0 {
		panic(plainError("reflect: a function made at run time has at most 8 results that are arrays or large structs"))
	}
	return code
}

//go:linkname reflect_callReflect reflect.callReflect
func reflect_callReflect(ctxt, frame unsafe.Pointer, retValid *bool, regs *abi.RegArgs)

//go:linkname reflect_callMethod reflect.callMethod
func reflect_callMethod(ctxt, frame unsafe.Pointer, retValid *bool, regs *abi.RegArgs)

// reflectDynStub is what stubs made at run time call; h are the addresses for results in memory.
func reflectDynStub(ctxt, frame unsafe.Pointer, shape uint64, h0, h1, h2, h3, h4, h5, h6, h7 unsafe.Pointer) uint64 {
	var valid bool
	var regs abi.RegArgs
	reflect_callReflect(ctxt, frame, &valid, &regs)
	return reflectDynLoad(shape, frame, h0, h1, h2, h3, h4, h5, h6, h7)
}

func reflectDynMethodStub(ctxt, frame unsafe.Pointer, shape uint64, h0, h1, h2, h3, h4, h5, h6, h7 unsafe.Pointer) uint64 {
	var valid bool
	var regs abi.RegArgs
	reflect_callMethod(ctxt, frame, &valid, &regs)
	return reflectDynLoad(shape, frame, h0, h1, h2, h3, h4, h5, h6, h7)
}
