// Package runtime is the Go half of Tuza's run-time floor.
//
// The other half is C#: every function without a body here is implemented there under the same name. What may call Go code (deferred
// calls, errors, timers, finalizers, hashing and equality through descriptors) is written here, because C# never calls Go.
package runtime

import (
	"internal/abi"
	"unsafe"
)

type _type = abi.Type
type itab = abi.ITab
type interfacetype = abi.InterfaceType
type maptype = abi.MapType

type eface struct {
	_type *_type
	data  unsafe.Pointer
}

type iface struct {
	tab  *itab
	data unsafe.Pointer
}

type slice struct {
	array unsafe.Pointer
	len   int
	cap   int
}

func efaceOf(e *any) *eface { return (*eface)(unsafe.Pointer(e)) }

func add(p unsafe.Pointer, n uintptr) unsafe.Pointer { return unsafe.Pointer(uintptr(p) + n) }

func resolveNameOff(inModule unsafe.Pointer, off int32) unsafe.Pointer
func resolveTypeOff(inModule unsafe.Pointer, off int32) unsafe.Pointer

func nameOff(t *_type, off abi.NameOff) abi.Name {
	return abi.Name{Bytes: (*byte)(resolveNameOff(unsafe.Pointer(t), int32(off)))}
}

// typeString is the type as it is written in Go.
func typeString(t *_type) string {
	s := nameOff(t, t.Str).Name()
	if t.TFlag&abi.TFlagExtraStar != 0 {
		return s[1:]
	}
	return s
}

// typePkgPath is the import path of the package that declares a named type.
func typePkgPath(t *_type) string {
	if u := t.Uncommon(); u != nil {
		return nameOff(t, u.PkgPath).Name()
	}
	switch t.Kind() {
	case abi.Struct:
		return (*abi.StructType)(unsafe.Pointer(t)).PkgPath.Name()
	case abi.Interface:
		return (*abi.InterfaceType)(unsafe.Pointer(t)).PkgPath.Name()
	}
	return ""
}

//go:linkname mapsTypeString internal/runtime/maps.typeString
func mapsTypeString(t *_type) string { return typeString(t) }

func newobject(t *_type) unsafe.Pointer
func typedmemmove(t *_type, dst, src unsafe.Pointer)

// maxAlloc is the largest size of one object.
const maxAlloc = 1 << 48

var zeroVal [abi.ZeroValSize]byte
