package runtime

import (
	"internal/profilerecord"
	"unsafe"
)

// A MemStats holds statistics of the memory system.
type MemStats struct {
	Alloc      uint64
	TotalAlloc uint64
	Sys        uint64
	Lookups    uint64
	Mallocs    uint64
	Frees      uint64

	HeapAlloc    uint64
	HeapSys      uint64
	HeapIdle     uint64
	HeapInuse    uint64
	HeapReleased uint64
	HeapObjects  uint64

	StackInuse  uint64
	StackSys    uint64
	MSpanInuse  uint64
	MSpanSys    uint64
	MCacheInuse uint64
	MCacheSys   uint64
	BuckHashSys uint64
	GCSys       uint64
	OtherSys    uint64

	NextGC        uint64
	LastGC        uint64
	PauseTotalNs  uint64
	PauseNs       [256]uint64
	PauseEnd      [256]uint64
	NumGC         uint32
	NumForcedGC   uint32
	GCCPUFraction float64
	EnableGC      bool
	DebugGC       bool

	BySize [61]struct {
		Size    uint32
		Mallocs uint64
		Frees   uint64
	}
}

//go:noescape
func readmemstats(m *MemStats)

// ReadMemStats fills m.
func ReadMemStats(m *MemStats) { readmemstats(m) }

func gcstats(p *uint64, n int) int

//go:linkname readGCStats runtime/debug.readGCStats
func readGCStats(pauses *[]uint64) {
	p := *pauses
	p = p[:cap(p)]
	*pauses = p[:gcstats(&p[0], len(p))]
}

// ---- profiles

// MemProfileRate is the average number of bytes between samples.
var MemProfileRate int = 512 * 1024

func setmemprofilerate(p *int)
func memprofstart(inuseZero bool) int
func memprofnext(counts *[3]int64, pcs *uintptr, max int) int

func init() { setmemprofilerate(&MemProfileRate) }

// A StackRecord is a stack of a profile.
type StackRecord struct {
	Stack0 [32]uintptr
}

// Stack is the record's stack.
func (r *StackRecord) Stack() []uintptr { return stackOf(r.Stack0[:]) }

func stackOf(s []uintptr) []uintptr {
	for i, v := range s {
		if v == 0 {
			return s[:i]
		}
	}
	return s
}

// A MemProfileRecord describes the live objects allocated at one place.
type MemProfileRecord struct {
	AllocBytes, FreeBytes     int64
	AllocObjects, FreeObjects int64
	Stack0                    [32]uintptr
}

// InUseBytes is what is allocated and not freed.
func (r *MemProfileRecord) InUseBytes() int64 { return r.AllocBytes - r.FreeBytes }

// InUseObjects is the number of objects allocated and not freed.
func (r *MemProfileRecord) InUseObjects() int64 { return r.AllocObjects - r.FreeObjects }

// Stack is the place.
func (r *MemProfileRecord) Stack() []uintptr { return stackOf(r.Stack0[:]) }

// A BlockProfileRecord describes blocking at one place.
type BlockProfileRecord struct {
	Count  int64
	Cycles int64
	StackRecord
}

// MemProfile fills p with what was allocated where, as of the last completed cycle.
func MemProfile(p []MemProfileRecord, inuseZero bool) (n int, ok bool) {
	n = memprofstart(inuseZero)
	if n > len(p) {
		return n, false
	}
	var c [3]int64
	for n = 0; n < len(p); n++ {
		r := &p[n]
		depth := memprofnext(&c, &r.Stack0[0], len(r.Stack0))
		if depth < 0 {
			break
		}
		clear(r.Stack0[depth:])
		r.AllocObjects, r.FreeObjects = c[1], c[2]
		r.AllocBytes, r.FreeBytes = c[0]*c[1], c[0]*c[2]
	}
	return n, true
}

const (
	blockRecords = iota
	mutexRecords
)

func blockprofilelen(profile int) int
func blockprofileat(profile, i int, pcs *uintptr, max int) (depth int, count, nanos int64)
func setblockprofilerate(nanos int)
func setmutexprofilefraction(rate int) int

// BlockProfile fills p with the places where goroutines have waited.
func BlockProfile(p []BlockProfileRecord) (n int, ok bool) { return blockProfile(blockRecords, p) }

// MutexProfile fills p with the places where goroutines have made others wait for a mutex.
func MutexProfile(p []BlockProfileRecord) (n int, ok bool) { return blockProfile(mutexRecords, p) }

func blockProfile(profile int, p []BlockProfileRecord) (n int, ok bool) {
	n = blockprofilelen(profile)
	if len(p) < n {
		return n, false
	}
	for i := range p[:n] {
		r := &p[i]
		var depth int
		depth, r.Count, r.Cycles = blockprofileat(profile, i, &r.Stack0[0], len(r.Stack0))
		clear(r.Stack0[depth:])
	}
	return n, true
}

func blockProfileInternal(profile int, p []profilerecord.BlockProfileRecord) (n int, ok bool) {
	n = blockprofilelen(profile)
	if len(p) < n {
		return n, false
	}
	var pcs [128]uintptr
	for i := range p[:n] {
		r := &p[i]
		var depth int
		depth, r.Count, r.Cycles = blockprofileat(profile, i, &pcs[0], len(pcs))
		r.Stack = append([]uintptr(nil), pcs[:depth]...)
	}
	return n, true
}

func ThreadCreateProfile(p []StackRecord) (n int, ok bool) { return 0, true }

// goroutineStacks fills pcs with the stacks of all goroutines (or of those found leaked), perStack words each, and labels, if not nil, with
// their labels; nothing if they are more than max. It returns their number.
//
//go:noescape
func goroutineStacks(pcs *uintptr, perStack, max int, labels *unsafe.Pointer, leaked bool) int

// GoroutineProfile fills p with the stacks of all goroutines.
func GoroutineProfile(p []StackRecord) (n int, ok bool) {
	if len(p) == 0 {
		return NumGoroutine(), false
	}
	n = goroutineStacks(&p[0].Stack0[0], len(p[0].Stack0), len(p), nil, false)
	return n, n <= len(p)
}

// SetBlockProfileRate has one wait in so many nanoseconds of waiting recorded; 1 records all.
func SetBlockProfileRate(rate int) { setblockprofilerate(rate) }

// SetMutexProfileFraction has one in so many contended unlocks recorded; below 0 nothing changes. It returns the old fraction.
func SetMutexProfileFraction(rate int) int { return setmutexprofilefraction(rate) }

// SetCPUProfileRate starts a CPU profile with so many samples a second, or ends it.
func SetCPUProfileRate(hz int) { setcpuprofilerate(hz) }

func setcpuprofilerate(hz int)
func cpuprofilesize() (words, records int, eof bool)
func cpuprofileword(i int) uint64
func cpuprofilelabel(i int) unsafe.Pointer
func cpuprofiledrop(words, records int)

func CPUProfile() []byte { panic("CPUProfile no longer available") }

func StartTrace() error { return errorString("tracing is not supported") }

func StopTrace() {}

func ReadTrace() []byte { return nil }

func SetCgoTraceback(version int, traceback, context, symbolizer unsafe.Pointer) {}

func pprof_goroutineProfileWithLabels(p []profilerecord.StackRecord, labels []unsafe.Pointer) (n int, ok bool) {
	if len(p) == 0 {
		return NumGoroutine(), false
	}
	return stacksWithLabels(p, labels, false)
}

func pprof_goroutineLeakProfileWithLabels(p []profilerecord.StackRecord, labels []unsafe.Pointer) (n int, ok bool) {
	if len(p) == 0 {
		return leakcount(), false
	}
	return stacksWithLabels(p, labels, true)
}

func stacksWithLabels(p []profilerecord.StackRecord, labels []unsafe.Pointer, leaked bool) (n int, ok bool) {
	const depth = 128
	var label *unsafe.Pointer
	if len(labels) == len(p) {
		label = &labels[0]
	}
	pcs := make([]uintptr, depth*len(p))
	n = goroutineStacks(&pcs[0], depth, len(p), label, leaked)
	if n > len(p) {
		return n, false
	}
	for i := 0; i < n; i++ {
		p[i].Stack = stackOf(pcs[i*depth : (i+1)*depth])
	}
	return n, true
}

func pprof_memProfileInternal(p []profilerecord.MemProfileRecord, inuseZero bool) (n int, ok bool) {
	n = memprofstart(inuseZero)
	if n > len(p) {
		return n, false
	}
	var c [3]int64
	var pcs [128]uintptr
	for n = 0; n < len(p); n++ {
		depth := memprofnext(&c, &pcs[0], len(pcs))
		if depth < 0 {
			break
		}
		p[n] = profilerecord.MemProfileRecord{ObjectSize: c[0], AllocObjects: c[1], FreeObjects: c[2], Stack: append([]uintptr(nil), pcs[:depth]...)}
	}
	return n, true
}

func pprof_blockProfileInternal(p []profilerecord.BlockProfileRecord) (n int, ok bool) {
	return blockProfileInternal(blockRecords, p)
}

func pprof_mutexProfileInternal(p []profilerecord.BlockProfileRecord) (n int, ok bool) {
	return blockProfileInternal(mutexRecords, p)
}

func pprof_threadCreateInternal(p []profilerecord.StackRecord) (n int, ok bool) { return 0, true }

func pprof_fpunwindExpand(dst, src []uintptr) int { return copy(dst, src) }

func pprof_makeProfStack() []uintptr { return make([]uintptr, 128) }

//go:linkname pprof_cyclesPerSecond runtime/pprof.runtime_cyclesPerSecond
func pprof_cyclesPerSecond() int64 { return 1_000_000_000 }

//go:linkname runtime_pprof_readProfile runtime/pprof.readProfile
func runtime_pprof_readProfile() (data []uint64, tags []unsafe.Pointer, eof bool) {
	n, k, eof := cpuprofilesize()
	data = make([]uint64, n)
	tags = make([]unsafe.Pointer, k)
	for i := range data {
		data[i] = cpuprofileword(i)
	}
	for i := range tags {
		tags[i] = cpuprofilelabel(i)
	}
	cpuprofiledrop(n, k)
	return data, tags, eof
}

//go:linkname runtime_pprof_goroutineleakcount runtime/pprof.runtime_goroutineleakcount
func runtime_pprof_goroutineleakcount() int { return leakcount() }

func wantleaks()
func leakswanted() bool
func leakcount() int

//go:linkname runtime_pprof_goroutineLeakGC runtime/pprof.runtime_goroutineLeakGC
func runtime_pprof_goroutineLeakGC() {
	// A cycle that had begun before cannot search.
	for wantleaks(); leakswanted(); {
		GC()
	}
}

func setproflabel(p unsafe.Pointer)
func getproflabel() unsafe.Pointer

//go:linkname runtime_setProfLabel runtime/pprof.runtime_setProfLabel
func runtime_setProfLabel(labels unsafe.Pointer) { setproflabel(labels) }

//go:linkname runtime_getProfLabel runtime/pprof.runtime_getProfLabel
func runtime_getProfLabel() unsafe.Pointer { return getproflabel() }
