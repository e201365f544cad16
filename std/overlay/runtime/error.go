package runtime

import (
	"internal/abi"
	"unsafe"
)

// Error identifies a run-time error.
type Error interface {
	error

	// RuntimeError does nothing but tell run-time errors from other errors.
	RuntimeError()
}

// A TypeAssertionError explains a failed type assertion.
type TypeAssertionError struct {
	_interface    *_type
	concrete      *_type
	asserted      *_type
	missingMethod string
}

// RuntimeError marks it as a run-time error.
func (*TypeAssertionError) RuntimeError() {}

func (e *TypeAssertionError) Error() string {
	from := "interface"
	if e._interface != nil {
		from = typeString(e._interface)
	}
	want := typeString(e.asserted)
	if e.concrete == nil {
		return "interface conversion: " + from + " is nil, not " + want
	}
	have := typeString(e.concrete)
	if e.missingMethod != "" {
		return "interface conversion: " + have + " is not " + want + ": missing method " + e.missingMethod
	}
	text := "interface conversion: " + from + " is " + have + ", not " + want
	if have == want {
		if typePkgPath(e.concrete) != typePkgPath(e.asserted) {
			text += " (types from different packages)"
		} else {
			text += " (types from different scopes)"
		}
	}
	return text
}

// errorString is a run-time error with the usual prefix.
type errorString string

func (e errorString) RuntimeError() {}
func (e errorString) Error() string { return "runtime error: " + string(e) }

// plainError is a run-time error whose text has no prefix.
type plainError string

func (e plainError) RuntimeError() {}
func (e plainError) Error() string { return string(e) }

// errorAddressString is a memory fault at a known address.
type errorAddressString struct {
	msg  string
	addr uintptr
}

func (e errorAddressString) RuntimeError() {}
func (e errorAddressString) Error() string { return "runtime error: " + e.msg }

// Addr is the address that faulted.
func (e errorAddressString) Addr() uintptr { return e.addr }

// A PanicNilError is what recover returns after panic(nil).
type PanicNilError struct {
	_ [0]func() // not comparable to anything else
}

func (*PanicNilError) Error() string { return "runtime error: panic called with nil argument" }
func (*PanicNilError) RuntimeError() {}

// boundsError is an index or slice expression out of range; code says which form and operand.
type boundsError struct {
	x      int64
	y      int
	signed bool
	code   abi.BoundsErrorCode
}

func (e boundsError) RuntimeError() {}

func (e boundsError) Error() string {
	x := itoa(e.x, e.signed)
	y := itoa(int64(e.y), true)
	negative := e.signed && e.x < 0
	const slice = "runtime error: slice bounds out of range ["
	var before, after, limit string
	switch e.code {
	case abi.BoundsIndex:
		before, after, limit = "runtime error: index out of range [", "]", " with length "
	case abi.BoundsSliceAlen:
		before, after, limit = slice+":", "]", " with length "
	case abi.BoundsSliceAcap:
		before, after, limit = slice+":", "]", " with capacity "
	case abi.BoundsSlice3Alen:
		before, after, limit = slice+"::", "]", " with length "
	case abi.BoundsSlice3Acap:
		before, after, limit = slice+"::", "]", " with capacity "
	case abi.BoundsSliceB:
		if negative {
			return slice + x + ":]"
		}
		return slice + x + ":" + y + "]"
	case abi.BoundsSlice3B:
		if negative {
			return slice + ":" + x + ":]"
		}
		return slice + ":" + x + ":" + y + "]"
	case abi.BoundsSlice3C:
		if negative {
			return slice + x + "::]"
		}
		return slice + x + ":" + y + ":]"
	default:
		return "runtime error: cannot convert slice with length " + y + " to array or pointer to array with length " + x
	}
	if negative {
		return before + x + after
	}
	return before + x + after + limit + y
}

func itoa(v int64, signed bool) string {
	var buf [20]byte
	i := len(buf)
	u := uint64(v)
	if signed && v < 0 {
		u = -u
	}
	for {
		i--
		buf[i] = byte('0' + u%10)
		u /= 10
		if u == 0 {
			break
		}
	}
	s := string(buf[i:])
	if signed && v < 0 {
		return "-" + s
	}
	return s
}

// The errors that other packages share by name.
var (
	shiftError    error = errorString("negative shift amount")
	divideError   error = errorString("integer divide by zero")
	overflowError error = errorString("integer overflow")
	memoryError   error = errorString(memoryErrorText)

	rangeDoneError         error = errorString("range function continued iteration after function for loop body returned false")
	rangePanicError        error = errorString("range function continued iteration after loop body panic")
	rangeExhaustedError    error = errorString("range function continued iteration after whole loop exit")
	rangeMissingPanicError error = errorString("range function recovered a loop body panic and did not resume panicking")
)

//go:linkname mapsErrNilAssign internal/runtime/maps.errNilAssign
var mapsErrNilAssign error

func init() { mapsErrNilAssign = plainError("assignment to entry in nil map") }

// What the compiler calls when a check fails.

func panicIndex(x int, y int)   { panic(boundsError{int64(x), y, true, abi.BoundsIndex}) }
func panicIndexU(x uint, y int) { panic(boundsError{int64(x), y, false, abi.BoundsIndex}) }

func panicSliceAlen(x int, y int)   { panic(boundsError{int64(x), y, true, abi.BoundsSliceAlen}) }
func panicSliceAlenU(x uint, y int) { panic(boundsError{int64(x), y, false, abi.BoundsSliceAlen}) }
func panicSliceAcap(x int, y int)   { panic(boundsError{int64(x), y, true, abi.BoundsSliceAcap}) }
func panicSliceAcapU(x uint, y int) { panic(boundsError{int64(x), y, false, abi.BoundsSliceAcap}) }
func panicSliceB(x int, y int)      { panic(boundsError{int64(x), y, true, abi.BoundsSliceB}) }
func panicSliceBU(x uint, y int)    { panic(boundsError{int64(x), y, false, abi.BoundsSliceB}) }

func panicSlice3Alen(x int, y int)   { panic(boundsError{int64(x), y, true, abi.BoundsSlice3Alen}) }
func panicSlice3AlenU(x uint, y int) { panic(boundsError{int64(x), y, false, abi.BoundsSlice3Alen}) }
func panicSlice3Acap(x int, y int)   { panic(boundsError{int64(x), y, true, abi.BoundsSlice3Acap}) }
func panicSlice3AcapU(x uint, y int) { panic(boundsError{int64(x), y, false, abi.BoundsSlice3Acap}) }
func panicSlice3B(x int, y int)      { panic(boundsError{int64(x), y, true, abi.BoundsSlice3B}) }
func panicSlice3BU(x uint, y int)    { panic(boundsError{int64(x), y, false, abi.BoundsSlice3B}) }
func panicSlice3C(x int, y int)      { panic(boundsError{int64(x), y, true, abi.BoundsSlice3C}) }
func panicSlice3CU(x uint, y int)    { panic(boundsError{int64(x), y, false, abi.BoundsSlice3C}) }

// panicSliceConvert is given the slice's length first, then the array's.
func panicSliceConvert(x int, y int) { panic(boundsError{int64(y), x, true, abi.BoundsConvert}) }

func panicshift()    { panic(shiftError) }
func panicdivide()   { panic(divideError) }
func panicoverflow() { panic(overflowError) }

const memoryErrorText = "invalid memory address or nil pointer dereference"

// sigpanic is a nil dereference; checks call it, where hardware would raise a signal, so that call stacks look the same. The line about
// the signal is printed by fatalpanic.
//
//go:noinline
func sigpanic() { panicmem() }

//go:noinline
func panicmem() { panic(memoryError) }

// panicFault is an access to memory that is not there.
func panicFault() {
	panic(errorAddressString{"invalid memory address or nil pointer dereference", uintptr(injectA())})
}

func panicmakeslicelen() { panic(errorString("makeslice: len out of range")) }
func panicmakeslicecap() { panic(errorString("makeslice: cap out of range")) }
func panicGrowSlice()    { panic(errorString("growslice: len out of range")) }
func panicMakeChanSize() { panic(plainError("makechan: size out of range")) }
func panicSendClosed()   { panic(plainError("send on closed channel")) }
func panicCloseNil()     { panic(plainError("close of nil channel")) }
func panicCloseClosed()  { panic(plainError("close of closed channel")) }
func panicAllocTooLarge() {
	panic(plainError("runtime: allocation size out of range"))
}

func panicunsafeslicelen()     { panic(errorString("unsafe.Slice: len out of range")) }
func panicunsafeslicenilptr()  { panic(errorString("unsafe.Slice: ptr is nil and len is not zero")) }
func panicunsafestringlen()    { panic(errorString("unsafe.String: len out of range")) }
func panicunsafestringnilptr() { panic(errorString("unsafe.String: ptr is nil and len is not zero")) }

func panicnil() { panic(new(PanicNilError)) }

func unreachable() { throw("unreachable code was reached") }

func panicCoro() { throw("coroswitch on wrong goroutine") }

func panicSelfDeadlock() { throw("self deadlock") }

// panicrangestate is called when the body of a range over a function is entered in a wrong state.
func panicrangestate(state int) {
	switch abi.RF_State(state) {
	case abi.RF_DONE:
		panic(rangeDoneError)
	case abi.RF_PANIC:
		panic(rangePanicError)
	case abi.RF_EXHAUSTED:
		panic(rangeExhaustedError)
	case abi.RF_MISSING_PANIC:
		panic(rangeMissingPanicError)
	}
	throw("unexpected state set by range func")
}

// callerName is the name of the function that called the caller.
func callerName(skip int) string

// panicwrap is called by the wrapper of a value method when the receiver pointer is nil. The wrapper's name is pkg.(*T).M.
func panicwrap() {
	name := callerName(0)
	open, end := -1, -1
	for i := 0; i < len(name); i++ {
		if name[i] == '(' && open < 0 {
			open = i
		}
		if name[i] == ')' {
			end = i
			break
		}
	}
	if open < 1 || end < 0 || end+2 > len(name) {
		throw("panicwrap: strange wrapper " + name)
	}
	pkg, typ, method := name[:open-1], name[open+2:end], name[end+2:]
	panic(plainError("value method " + pkg + "." + typ + "." + method + " called using nil *" + typ + " pointer"))
}

// ---- type assertions

func itabOrNil(inter *interfacetype, t *_type) *itab
func missingMethod(inter *interfacetype, t *_type) string

func getitab(inter *interfacetype, t *_type, canfail bool) *itab {
	tab := itabOrNil(inter, t)
	if tab == nil && !canfail {
		panic(&TypeAssertionError{concrete: t, asserted: &inter.Type, missingMethod: missingMethod(inter, t)})
	}
	return tab
}

// assertE2I is x.(I) with I not empty: t is the dynamic type of x.
func assertE2I(inter *interfacetype, t *_type) *itab {
	if t == nil {
		panic(&TypeAssertionError{asserted: &inter.Type})
	}
	return getitab(inter, t, false)
}

func panicdottypeE(have, want, iface *_type) {
	panic(&TypeAssertionError{iface, have, want, ""})
}

func panicdottypeI(have *itab, want, iface *_type) {
	var t *_type
	if have != nil {
		t = have.Type
	}
	panicdottypeE(t, want, iface)
}

//go:linkname reflect_ifaceE2I reflect.ifaceE2I
func reflect_ifaceE2I(inter *interfacetype, e eface, dst *iface) {
	t := e._type
	if t == nil {
		panic(&TypeAssertionError{asserted: &inter.Type})
	}
	dst.tab = getitab(inter, t, false)
	dst.data = e.data
}

//go:linkname reflectlite_ifaceE2I internal/reflectlite.ifaceE2I
func reflectlite_ifaceE2I(inter *interfacetype, e eface, dst *iface) {
	reflect_ifaceE2I(inter, e, dst)
}

var staticuint64s [256]uint64

func init() {
	for i := range staticuint64s {
		staticuint64s[i] = uint64(i)
	}
}

func getStaticuint64s() *[256]uint64 { return &staticuint64s }

var _ = unsafe.Pointer(nil)
