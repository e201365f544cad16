package runtime

import (
	"internal/abi"
	"unsafe"
)

// Finalizers, cleanups, and the goroutine that runs them.

// finEntry is filled by nextfinalizer.
type finEntry struct {
	fn        unsafe.Pointer
	arg       unsafe.Pointer
	typ       *_type
	ptrType   *_type
	isCleanup bool
	valid     bool
}

func nextfinalizer(e *finEntry)
func addfinalizer(p, fn unsafe.Pointer, funcType, ptrType *_type) bool
func removefinalizer(p unsafe.Pointer)
func addcleanup(p unsafe.Pointer, call func(unsafe.Pointer), arg unsafe.Pointer) uint64
func removecleanup(p uintptr, id uint64)
func findobject(p unsafe.Pointer) (base, size uintptr)
func sharedobject(p unsafe.Pointer) bool        // of the tiny allocator: several values in one
func refersinto(obj, target unsafe.Pointer) bool // a pointer in obj's object leads into target's
func poolcleanup(force bool) func()
func stopforpools()
func startforpools()

// finalizerMain is the body of the goroutine that runs finalizers and cleanups, one after the other.
func finalizerMain() {
	e := new(finEntry)
	var frame []unsafe.Pointer
	for {
		nextfinalizer(e)
		cleanpools(false)
		if e.valid {
			frame = runfinalizer(e, frame)
		}
		*e = finEntry{}
	}
}

// cleanpools lets package sync drop what its pools have held for two cycles. Nobody uses a pool meanwhile: the world stands still.
func cleanpools(force bool) {
	if f := poolcleanup(force); f != nil {
		stopforpools()
		f()
		startforpools()
	}
}

// runfinalizer calls what is due. The frame is used again if it is large enough.
func runfinalizer(e *finEntry, frame []unsafe.Pointer) []unsafe.Pointer {
	if e.isCleanup {
		(*(*func(unsafe.Pointer))(unsafe.Pointer(&e.fn)))(e.arg)
		return frame
	}
	// An argument frame: one pointer or the two words of an interface, then the results, which nobody looks at.
	ft := (*abi.FuncType)(unsafe.Pointer(e.typ))
	param := ft.InSlice()[0]
	size := uintptr(8)
	if param.Kind() == abi.Interface {
		size = 16
	}
	for _, t := range ft.OutSlice() {
		size = (size+uintptr(t.Align_)-1)&^(uintptr(t.Align_)-1) + t.Size_
	}
	if need := int(size/8 + 1); len(frame) < need {
		frame = make([]unsafe.Pointer, need)
	}
	if param.Kind() == abi.Pointer {
		frame[0] = e.arg
	} else {
		frame[0] = unsafe.Pointer(e.ptrType)
		frame[1] = e.arg
		if inter := (*interfacetype)(unsafe.Pointer(param)); len(inter.Methods) != 0 {
			frame[0] = unsafe.Pointer(getitab(inter, e.ptrType, false))
		}
	}
	e.arg = nil
	reflect_callTyped(unsafe.Pointer(e.typ), false, e.fn, unsafe.Pointer(&frame[0]))
	clear(frame)
	return frame
}

// SetFinalizer sets the function to be called with obj when nothing refers to it any more.
func SetFinalizer(obj any, finalizer any) {
	e := efaceOf(&obj)
	t := e._type
	if t == nil {
		throw("runtime.SetFinalizer: first argument is nil")
	}
	if t.Kind() != abi.Pointer {
		throw("runtime.SetFinalizer: first argument is " + typeString(t) + ", not pointer")
	}
	elem := t.Elem()
	f := efaceOf(&finalizer)
	base, _ := findobject(e.data)
	if base == 0 {
		if e.data == nil {
			throw("nil elem type!")
		}
		return // a package variable lives for ever
	}
	if uintptr(e.data) != base && (elem.Pointers() || elem.Size_ >= 16) {
		throw("runtime.SetFinalizer: pointer not at beginning of allocated block")
	}
	ft := f._type
	if ft == nil {
		removefinalizer(e.data)
		return
	}
	if ft.Kind() != abi.Func {
		throw("runtime.SetFinalizer: second argument is " + typeString(ft) + ", not a function")
	}
	fn := (*abi.FuncType)(unsafe.Pointer(ft))
	if fn.IsVariadic() {
		throw(cannotPass(t, ft) + " because dotdotdot")
	}
	if fn.InCount != 1 {
		throw(cannotPass(t, ft))
	}
	param := fn.InSlice()[0]
	ok := param == t
	switch {
	case ok:
	case param.Kind() == abi.Pointer:
		ok = (param.Uncommon() == nil || t.Uncommon() == nil) && param.Elem() == elem
	case param.Kind() == abi.Interface:
		inter := (*interfacetype)(unsafe.Pointer(param))
		ok = len(inter.Methods) == 0 || itabOrNil(inter, t) != nil
	}
	if !ok {
		throw(cannotPass(t, ft))
	}
	if !addfinalizer(e.data, f.data, ft, t) {
		throw("runtime.SetFinalizer: finalizer already set")
	}
}

func cannotPass(t, ft *_type) string {
	return "runtime.SetFinalizer: cannot pass " + typeString(t) + " to finalizer " + typeString(ft)
}

// Cleanup is a handle to a cleanup.
type Cleanup struct {
	id  uint64
	ptr uintptr
}

// AddCleanup has cleanup(arg) called some time after nothing refers to ptr any more.
func AddCleanup[T, S any](ptr *T, cleanup func(S), arg S) Cleanup {
	ptr = abi.Escape(ptr)
	if ptr == nil {
		panic("runtime.AddCleanup: ptr is nil")
	}
	base, size := findobject(unsafe.Pointer(ptr))
	t := abi.TypeFor[S]()
	if t.Kind() == abi.Pointer || t.Kind() == abi.UnsafePointer {
		p := *(*unsafe.Pointer)(unsafe.Pointer(&arg))
		if p == unsafe.Pointer(ptr) {
			panic("runtime.AddCleanup: ptr is equal to arg, cleanup will never run")
		}
		if !sharedobject(p) && uintptr(p) >= base && uintptr(p) < base+size {
			panic("runtime.AddCleanup: ptr is within arg, cleanup will never run")
		}
	}
	if base == 0 {
		return Cleanup{}
	}
	if refersinto(*(*unsafe.Pointer)(unsafe.Pointer(&cleanup)), unsafe.Pointer(ptr)) {
		panic("runtime.AddCleanup: cleanup function closes over ptr, cleanup will never run")
	}
	// The record and the argument are objects of their own, the argument never a tiny one: its block would be a root with it.
	call := &cleanupCall[S]{fn: cleanup}
	if unsafe.Sizeof(arg) < 16 && !t.Pointers() {
		call.arg = (*S)(unsafe.Pointer(new([2]uintptr)))
	} else {
		call.arg = new(S)
	}
	*call.arg = arg
	id := addcleanup(unsafe.Pointer(ptr), runCleanup[S], unsafe.Pointer(call))
	return Cleanup{id, uintptr(unsafe.Pointer(ptr))}
}

// cleanupCall is what a queued cleanup will do.
type cleanupCall[S any] struct {
	fn  func(S)
	arg *S
}

func runCleanup[S any](call unsafe.Pointer) {
	c := (*cleanupCall[S])(call)
	c.fn(*c.arg)
}

// Stop cancels the cleanup, if it has not been queued yet.
func (c Cleanup) Stop() {
	if c.id != 0 {
		removecleanup(c.ptr, c.id)
	}
}

func gcCollect()
func gconestop() bool // several Ps, and the world stands still for all of a cycle

// A cycle beside the program lasts long enough for the finalizers of the one before, on another P. One in a single stop gives them no time at all.
const finalizersTime = 10_000_000

// GC runs a garbage collection and returns when it is complete.
func GC() {
	cleanpools(true)
	gcCollect()
	if !finalizerIdle() {
		Gosched()
	}
	if gconestop() {
		blockUntilEmptyFinalizerQueue(finalizersTime)
	}
}

// A Pinner keeps objects from being collected or moved; nothing moves here.
type Pinner struct {
	refs []unsafe.Pointer
}

// Pin keeps the object alive until Unpin.
func (p *Pinner) Pin(pointer any) {
	e := efaceOf(&pointer)
	if e._type == nil {
		panic(errorString("runtime.Pinner: argument is nil"))
	}
	if k := e._type.Kind(); k != abi.Pointer && k != abi.UnsafePointer {
		panic(errorString("runtime.Pinner: argument is not a pointer: " + typeString(e._type)))
	}
	p.refs = append(p.refs, e.data)
}

// Unpin releases everything pinned.
func (p *Pinner) Unpin() { p.refs = nil }

func finqueueLen() int
func finalizerIdle() bool

// blockUntilEmptyFinalizerQueue waits until all queued finalizers and cleanups have run, at most that many nanoseconds. For tests.
func blockUntilEmptyFinalizerQueue(timeout int64) bool {
	start := nanotime()
	for nanotime()-start < timeout {
		if finqueueLen() == 0 && finalizerIdle() {
			return true
		}
		Gosched()
	}
	return false
}

func blockUntilEmptyCleanupQueue(timeout int64) bool { return blockUntilEmptyFinalizerQueue(timeout) }

//go:linkname unique_blockUntilEmptyCleanupQueue unique.runtime_blockUntilEmptyCleanupQueue
func unique_blockUntilEmptyCleanupQueue(timeout int64) bool {
	return blockUntilEmptyFinalizerQueue(timeout)
}

//go:linkname sync_test_blockUntilEmptyCleanupQueue sync_test.runtime_blockUntilEmptyCleanupQueue
func sync_test_blockUntilEmptyCleanupQueue(timeout int64) bool {
	return blockUntilEmptyFinalizerQueue(timeout)
}
