package runtime

import (
	"internal/abi"
	"internal/runtime/maps"
	"unsafe"
)

// The compiler's and reflect's entries to maps that internal/runtime/maps does not provide itself.

func mapaccess1(t *maptype, m *maps.Map, key unsafe.Pointer) unsafe.Pointer
func mapaccess2(t *maptype, m *maps.Map, key unsafe.Pointer) (unsafe.Pointer, bool)
func mapaccess2_faststr(t *maptype, m *maps.Map, key string) (unsafe.Pointer, bool)
func mapassign(t *maptype, m *maps.Map, key unsafe.Pointer) unsafe.Pointer
func mapassign_faststr(t *maptype, m *maps.Map, key string) unsafe.Pointer
func mapdelete_faststr(t *maptype, m *maps.Map, key string)

func makemap_small() *maps.Map { return maps.NewEmptyMap() }

func makemap(t *maptype, hint int, m *maps.Map) *maps.Map {
	if hint < 0 {
		hint = 0
	}
	return maps.NewMap(t, uintptr(hint), m, maxAlloc)
}

func makemap64(t *maptype, hint int64, m *maps.Map) *maps.Map { return makemap(t, int(hint), m) }

func mapdelete(t *maptype, m *maps.Map, key unsafe.Pointer) { m.Delete(t, key) }

func mapclear(t *maptype, m *maps.Map) { m.Clear(t) }

func mapIterStart(t *maptype, m *maps.Map, it *maps.Iter) {
	it.Init(t, m)
	it.Next()
}

func mapIterNext(it *maps.Iter) { it.Next() }

//go:linkname mapclone maps.clone
func mapclone(m any) any {
	e := efaceOf(&m)
	e.data = unsafe.Pointer((*maps.Map)(e.data).Clone((*maptype)(unsafe.Pointer(e._type))))
	return m
}

//go:linkname reflect_makemap reflect.makemap
func reflect_makemap(t *maptype, size int) *maps.Map {
	if t.Key.Equal == nil {
		throw("runtime.reflect_makemap: unsupported map key type")
	}
	return makemap(t, size, nil)
}

//go:linkname reflect_mapaccess reflect.mapaccess
func reflect_mapaccess(t *maptype, m *maps.Map, key unsafe.Pointer) unsafe.Pointer {
	if elem, ok := mapaccess2(t, m, key); ok {
		return elem
	}
	return nil
}

//go:linkname reflect_mapaccess_faststr reflect.mapaccess_faststr
func reflect_mapaccess_faststr(t *maptype, m *maps.Map, key string) unsafe.Pointer {
	if elem, ok := mapaccess2_faststr(t, m, key); ok {
		return elem
	}
	return nil
}

//go:linkname reflect_mapassign0 reflect.mapassign0
func reflect_mapassign0(t *maptype, m *maps.Map, key, elem unsafe.Pointer) {
	typedmemmove(t.Elem, mapassign(t, m, key), elem)
}

//go:linkname reflect_mapassign_faststr0 reflect.mapassign_faststr0
func reflect_mapassign_faststr0(t *maptype, m *maps.Map, key string, elem unsafe.Pointer) {
	typedmemmove(t.Elem, mapassign_faststr(t, m, key), elem)
}

//go:linkname reflect_mapdelete reflect.mapdelete
func reflect_mapdelete(t *maptype, m *maps.Map, key unsafe.Pointer) { m.Delete(t, key) }

//go:linkname reflect_mapdelete_faststr reflect.mapdelete_faststr
func reflect_mapdelete_faststr(t *maptype, m *maps.Map, key string) { mapdelete_faststr(t, m, key) }

//go:linkname reflect_maplen reflect.maplen
func reflect_maplen(m *maps.Map) int {
	if m == nil {
		return 0
	}
	return int(m.Used())
}

//go:linkname reflectlite_maplen internal/reflectlite.maplen
func reflectlite_maplen(m *maps.Map) int { return reflect_maplen(m) }

//go:linkname reflect_mapclear reflect.mapclear
func reflect_mapclear(t *maptype, m *maps.Map) { m.Clear(t) }

var _ abi.Kind
