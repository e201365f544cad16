package runtime

import (
	"internal/abi"
	"internal/runtime/maps"
	"unsafe"
)

const (
	kindBool       = abi.Bool
	kindInt        = abi.Int
	kindInt8       = abi.Int8
	kindInt16      = abi.Int16
	kindInt32      = abi.Int32
	kindInt64      = abi.Int64
	kindUint       = abi.Uint
	kindUint8      = abi.Uint8
	kindUint16     = abi.Uint16
	kindUint32     = abi.Uint32
	kindUint64     = abi.Uint64
	kindUintptr    = abi.Uintptr
	kindFloat32    = abi.Float32
	kindFloat64    = abi.Float64
	kindComplex64  = abi.Complex64
	kindComplex128 = abi.Complex128
	kindString     = abi.String
)

func kindOf(t *_type) abi.Kind { return t.Kind() }

// Hashing is seeded before any other package is initialised: a map that was made before would lose its entries.
func init() { maps.AlgInit() }

// Maps with fast access functions hash their keys by these themselves; descriptors must agree.

func memhash(p unsafe.Pointer, seed, size uintptr) uintptr { return maps.MemHash(p, seed, size) }
func memhash32(p unsafe.Pointer, seed uintptr) uintptr     { return maps.MemHash32(*(*uint32)(p), seed) }
func memhash64(p unsafe.Pointer, seed uintptr) uintptr     { return maps.MemHash64(*(*uint64)(p), seed) }
func strhash(p unsafe.Pointer, seed uintptr) uintptr       { return maps.StrHash(*(*string)(p), seed) }

//go:noescape
func f32hash(p unsafe.Pointer, seed uintptr) uintptr

//go:noescape
func f64hash(p unsafe.Pointer, seed uintptr) uintptr

//go:noescape
func c64hash(p unsafe.Pointer, seed uintptr) uintptr

//go:noescape
func c128hash(p unsafe.Pointer, seed uintptr) uintptr

// mixhash spreads the hash of an interface's value, so that it differs from the hash of the bare value.
func mixhash(h uintptr) uintptr { return h * 0x9fb21c651e98df25 }

func interhash(p unsafe.Pointer, h uintptr) uintptr {
	i := (*iface)(p)
	if i.tab == nil {
		return h
	}
	return valuehash(i.tab.Type, i.data, h)
}

func nilinterhash(p unsafe.Pointer, h uintptr) uintptr {
	e := (*eface)(p)
	if e._type == nil {
		return h
	}
	return valuehash(e._type, e.data, h)
}

func valuehash(t *_type, data unsafe.Pointer, h uintptr) uintptr {
	if t.Equal == nil {
		panic(errorString("hash of unhashable type " + typeString(t)))
	}
	if t.IsDirectIface() {
		return mixhash(typehash(t, unsafe.Pointer(&data), h^0x2d358dccaa6c78a5))
	}
	return mixhash(typehash(t, data, h^0x2d358dccaa6c78a5))
}

// typehash hashes a value of any comparable type through its descriptor.
func typehash(t *_type, p unsafe.Pointer, h uintptr) uintptr {
	if t.TFlag&abi.TFlagRegularMemory != 0 {
		return memhash(p, h, t.Size_)
	}
	switch t.Kind() {
	case abi.Float32:
		return f32hash(p, h)
	case abi.Float64:
		return f64hash(p, h)
	case abi.Complex64:
		return c64hash(p, h)
	case abi.Complex128:
		return c128hash(p, h)
	case abi.String:
		return strhash(p, h)
	case abi.Interface:
		if len((*interfacetype)(unsafe.Pointer(t)).Methods) == 0 {
			return nilinterhash(p, h)
		}
		return interhash(p, h)
	case abi.Array:
		a := (*abi.ArrayType)(unsafe.Pointer(t))
		for i := uintptr(0); i < a.Len; i++ {
			h = typehash(a.Elem, add(p, i*a.Elem.Size_), h)
		}
		return h
	case abi.Struct:
		s := (*abi.StructType)(unsafe.Pointer(t))
		for i := range s.Fields {
			f := &s.Fields[i]
			if !f.Name.IsBlank() {
				h = typehash(f.Typ, add(p, f.Offset), h)
			}
		}
		return h
	}
	panic(errorString("hash of unhashable type " + typeString(t)))
}

//go:linkname reflect_typehash reflect.typehash
func reflect_typehash(t *_type, p unsafe.Pointer, h uintptr) uintptr { return typehash(t, p, h) }

func efaceeq(t *_type, x, y unsafe.Pointer) bool {
	if t == nil {
		return true
	}
	eq := t.Equal
	if eq == nil {
		panic(errorString("comparing uncomparable type " + typeString(t)))
	}
	if t.IsDirectIface() {
		return x == y
	}
	return eq(x, y)
}

func ifaceeq(tab *itab, x, y unsafe.Pointer) bool {
	if tab == nil {
		return true
	}
	return efaceeq(tab.Type, x, y)
}

// The equality functions that descriptors of predeclared types refer to.

func memequal0(p, q unsafe.Pointer) bool   { return true }
func memequal8(p, q unsafe.Pointer) bool   { return *(*int8)(p) == *(*int8)(q) }
func memequal16(p, q unsafe.Pointer) bool  { return *(*int16)(p) == *(*int16)(q) }
func memequal32(p, q unsafe.Pointer) bool  { return *(*int32)(p) == *(*int32)(q) }
func memequal64(p, q unsafe.Pointer) bool  { return *(*int64)(p) == *(*int64)(q) }
func memequal128(p, q unsafe.Pointer) bool { return *(*[2]int64)(p) == *(*[2]int64)(q) }
func f32equal(p, q unsafe.Pointer) bool    { return *(*float32)(p) == *(*float32)(q) }
func f64equal(p, q unsafe.Pointer) bool    { return *(*float64)(p) == *(*float64)(q) }
func c64equal(p, q unsafe.Pointer) bool    { return *(*complex64)(p) == *(*complex64)(q) }
func c128equal(p, q unsafe.Pointer) bool   { return *(*complex128)(p) == *(*complex128)(q) }
func strequal(p, q unsafe.Pointer) bool    { return *(*string)(p) == *(*string)(q) }

func interequal(p, q unsafe.Pointer) bool {
	x, y := (*iface)(p), (*iface)(q)
	return x.tab == y.tab && ifaceeq(x.tab, x.data, y.data)
}

func nilinterequal(p, q unsafe.Pointer) bool {
	x, y := (*eface)(p), (*eface)(q)
	return x._type == y._type && efaceeq(x._type, x.data, y.data)
}
