package runtime

import (
	"internal/godebugs"
	"internal/runtime/atomic"
	"unsafe"
)

// runtime/metrics. Numbers come from the memory system and the scheduler as one array of words; each metric is a word of it, a sum, or a
// histogram.

const (
	metricBad = iota
	metricUint64
	metricFloat64
	metricHistogram
)

type metricSample struct {
	name  string
	value metricValue
}

type metricValue struct {
	kind    int
	scalar  uint64
	pointer unsafe.Pointer
}

type metricFloat64Histogram struct {
	counts  []uint64
	buckets []float64
}

// The order of words is that of Metrics in the runtime.
const (
	mwProcs = iota
	mwThreads
	mwGoroutines
	mwCreated
	mwRunning
	mwRunnable
	mwWaiting
	mwNotInGo
	mwCycles
	mwForced
	mwGOGC
	mwMemoryLimit
	mwAllocBytes
	mwAllocObjects
	mwFreeBytes
	mwFreeObjects
	mwTiny
	mwGoal
	mwLive
	mwLimiter
	mwScanGlobals
	mwScanHeap
	mwScanStack
	mwStartingStack
	mwFinalizersQueued
	mwFinalizersRun
	mwCleanupsQueued
	mwCleanupsRun
	mwHeapFree
	mwHeapObjects
	mwHeapReleased
	mwHeapStacks
	mwHeapUnused
	mwMCacheFree
	mwMCacheInUse
	mwMSpanFree
	mwMSpanInUse
	mwMetadataOther
	mwOSStacks
	mwOther
	mwBuckets
	mwCPUAssist
	mwCPUDedicated
	mwCPUIdleMark
	mwCPUPause
	mwCPUScavengeAssist
	mwCPUScavengeBackground
	mwCPUIdle
	mwCPUTotal
	mwMutexWait
	mwCgoCalls
	mwScalars

	mwClasses = 68
	mwAllocs  = mwScalars
	mwFrees   = mwAllocs + mwClasses

	mwTimes      = 162 // counts of a histogram of times
	mwPauseGC    = mwFrees + mwClasses
	mwPauseOther = mwPauseGC + mwTimes
	mwStopGC     = mwPauseOther + mwTimes
	mwStopOther  = mwStopGC + mwTimes
	mwLatency    = mwStopOther + mwTimes
	mwWords      = mwLatency + mwTimes
)

// metricwords fills p with the words; sizes has the size classes.
func metricwords(p *[mwWords]uint64, sizes *[mwClasses]uint64)

var (
	metricWords       [mwWords]uint64
	metricSizes       [mwClasses]uint64
	metricSizeBuckets []float64
	metricTimeBuckets []float64
	metricLock        uint32
	metricUints       map[string]int
	metricSeconds     map[string]int
	metricTimes       map[string]int
	metricGodebug     map[string]func() uint64
)

func metricsInit() {
	metricUints = map[string]int{
		"/sched/gomaxprocs:threads":                   mwProcs,
		"/sched/threads/total:threads":                mwThreads,
		"/sched/goroutines:goroutines":                mwGoroutines,
		"/sched/goroutines-created:goroutines":        mwCreated,
		"/sched/goroutines/running:goroutines":        mwRunning,
		"/sched/goroutines/runnable:goroutines":       mwRunnable,
		"/sched/goroutines/waiting:goroutines":        mwWaiting,
		"/sched/goroutines/not-in-go:goroutines":      mwNotInGo,
		"/gc/cycles/total:gc-cycles":                  mwCycles,
		"/gc/cycles/forced:gc-cycles":                 mwForced,
		"/gc/gogc:percent":                            mwGOGC,
		"/gc/gomemlimit:bytes":                        mwMemoryLimit,
		"/gc/heap/allocs:bytes":                       mwAllocBytes,
		"/gc/heap/allocs:objects":                     mwAllocObjects,
		"/gc/heap/frees:bytes":                        mwFreeBytes,
		"/gc/heap/frees:objects":                      mwFreeObjects,
		"/gc/heap/tiny/allocs:objects":                mwTiny,
		"/gc/heap/goal:bytes":                         mwGoal,
		"/gc/heap/live:bytes":                         mwLive,
		"/gc/limiter/last-enabled:gc-cycle":           mwLimiter,
		"/gc/scan/globals:bytes":                      mwScanGlobals,
		"/gc/scan/heap:bytes":                         mwScanHeap,
		"/gc/scan/stack:bytes":                        mwScanStack,
		"/gc/stack/starting-size:bytes":               mwStartingStack,
		"/gc/finalizers/queued:finalizers":            mwFinalizersQueued,
		"/gc/finalizers/executed:finalizers":          mwFinalizersRun,
		"/gc/cleanups/queued:cleanups":                mwCleanupsQueued,
		"/gc/cleanups/executed:cleanups":              mwCleanupsRun,
		"/memory/classes/heap/free:bytes":             mwHeapFree,
		"/memory/classes/heap/objects:bytes":          mwHeapObjects,
		"/memory/classes/heap/released:bytes":         mwHeapReleased,
		"/memory/classes/heap/stacks:bytes":           mwHeapStacks,
		"/memory/classes/heap/unused:bytes":           mwHeapUnused,
		"/memory/classes/metadata/mcache/free:bytes":  mwMCacheFree,
		"/memory/classes/metadata/mcache/inuse:bytes": mwMCacheInUse,
		"/memory/classes/metadata/mspan/free:bytes":   mwMSpanFree,
		"/memory/classes/metadata/mspan/inuse:bytes":  mwMSpanInUse,
		"/memory/classes/metadata/other:bytes":        mwMetadataOther,
		"/memory/classes/os-stacks:bytes":             mwOSStacks,
		"/memory/classes/other:bytes":                 mwOther,
		"/memory/classes/profiling/buckets:bytes":     mwBuckets,
		"/cgo/go-to-c-calls:calls":                    mwCgoCalls,
	}
	metricSeconds = map[string]int{
		"/cpu/classes/gc/mark/assist:cpu-seconds":      mwCPUAssist,
		"/cpu/classes/gc/mark/dedicated:cpu-seconds":   mwCPUDedicated,
		"/cpu/classes/gc/mark/idle:cpu-seconds":        mwCPUIdleMark,
		"/cpu/classes/gc/pause:cpu-seconds":            mwCPUPause,
		"/cpu/classes/scavenge/assist:cpu-seconds":     mwCPUScavengeAssist,
		"/cpu/classes/scavenge/background:cpu-seconds": mwCPUScavengeBackground,
		"/cpu/classes/idle:cpu-seconds":                mwCPUIdle,
		"/cpu/classes/total:cpu-seconds":               mwCPUTotal,
		"/sync/mutex/wait/total:seconds":               mwMutexWait,
	}
	metricTimes = map[string]int{
		"/gc/pauses:seconds":                   mwPauseGC,
		"/sched/pauses/total/gc:seconds":       mwPauseGC,
		"/sched/pauses/total/other:seconds":    mwPauseOther,
		"/sched/pauses/stopping/gc:seconds":    mwStopGC,
		"/sched/pauses/stopping/other:seconds": mwStopOther,
		"/sched/latencies:seconds":             mwLatency,
	}
	big := float64(1e308)
	inf := big * 10
	// Classes without class 0; the last count is that of large objects.
	metricSizeBuckets = append(metricSizeBuckets, 1)
	for _, n := range metricSizes[1:] {
		metricSizeBuckets = append(metricSizeBuckets, float64(n+1))
	}
	metricSizeBuckets = append(metricSizeBuckets, inf)
	// Times: 40 powers of two from 256 ns, four steps each, and below the first four steps of 64 ns.
	metricTimeBuckets = append(metricTimeBuckets, -inf)
	for i := 0; i < 40; i++ {
		base, step := uint64(0), uint64(64)
		if i > 0 {
			base, step = 1<<(i+7), 1<<(i+5)
		}
		for j := uint64(0); j < 4; j++ {
			metricTimeBuckets = append(metricTimeBuckets, float64(base+j*step)/1e9)
		}
	}
	metricTimeBuckets = append(metricTimeBuckets, float64(uint64(1)<<47)/1e9, inf)
}

func (v *metricValue) uint64(x uint64) {
	v.kind = metricUint64
	v.scalar = x
}

func (v *metricValue) float64(x float64) {
	v.kind = metricFloat64
	v.scalar = *(*uint64)(unsafe.Pointer(&x))
}

// histogram returns the histogram to fill, the one of the value if it has room.
func (v *metricValue) histogram(buckets []float64) []uint64 {
	h := (*metricFloat64Histogram)(v.pointer)
	if v.kind != metricHistogram || h == nil {
		h = new(metricFloat64Histogram)
		v.pointer = unsafe.Pointer(h)
	}
	v.kind = metricHistogram
	h.buckets = buckets
	if cap(h.counts) < len(buckets)-1 {
		h.counts = make([]uint64, len(buckets)-1)
	}
	h.counts = h.counts[:len(buckets)-1]
	return h.counts
}

const godebugPrefix, godebugSuffix = "/godebug/non-default-behavior/", ":events"

func readGodebugMetric(name string, v *metricValue) bool {
	if len(name) <= len(godebugPrefix)+len(godebugSuffix) || name[:len(godebugPrefix)] != godebugPrefix || name[len(name)-len(godebugSuffix):] != godebugSuffix {
		return false
	}
	if read := metricGodebug[name]; read != nil {
		v.uint64(read())
		return true
	}
	info := godebugs.Lookup(name[len(godebugPrefix) : len(name)-len(godebugSuffix)])
	if info == nil || info.Opaque {
		return false
	}
	v.uint64(0)
	return true
}

//go:linkname godebug_registerMetric internal/godebug.registerMetric
func godebug_registerMetric(name string, read func() uint64) {
	lockMetrics()
	if metricGodebug == nil {
		metricGodebug = make(map[string]func() uint64)
	}
	metricGodebug[name] = read
	unlockMetrics()
}

//go:linkname readMetrics runtime/metrics.runtime_readMetrics
func readMetrics(samples unsafe.Pointer, n int, _ int) {
	lockMetrics()
	w := &metricWords
	metricwords(w, &metricSizes)
	if metricUints == nil {
		metricsInit()
	}
	for i := 0; i < n; i++ {
		s := (*metricSample)(add(samples, uintptr(i)*unsafe.Sizeof(metricSample{})))
		v := &s.value
		if word, ok := metricUints[s.name]; ok {
			v.uint64(w[word])
			continue
		}
		if word, ok := metricSeconds[s.name]; ok {
			v.float64(float64(w[word]) / 1e9)
			continue
		}
		if word, ok := metricTimes[s.name]; ok {
			copy(v.histogram(metricTimeBuckets), w[word:word+mwTimes])
			continue
		}
		switch s.name {
		case "/gc/cycles/automatic:gc-cycles":
			v.uint64(w[mwCycles] - w[mwForced])
		case "/gc/heap/objects:objects":
			v.uint64(w[mwAllocObjects] - w[mwFreeObjects])
		case "/gc/scan/total:bytes":
			v.uint64(w[mwScanGlobals] + w[mwScanHeap] + w[mwScanStack])
		case "/memory/classes/total:bytes":
			sum := uint64(0)
			for _, x := range w[mwHeapFree : mwBuckets+1] {
				sum += x
			}
			v.uint64(sum)
		case "/gc/heap/allocs-by-size:bytes":
			bySize(v.histogram(metricSizeBuckets), w[mwAllocs:mwAllocs+mwClasses])
		case "/gc/heap/frees-by-size:bytes":
			bySize(v.histogram(metricSizeBuckets), w[mwFrees:mwFrees+mwClasses])
		case "/cpu/classes/gc/total:cpu-seconds":
			v.float64(float64(w[mwCPUAssist]+w[mwCPUDedicated]+w[mwCPUIdleMark]+w[mwCPUPause]) / 1e9)
		case "/cpu/classes/scavenge/total:cpu-seconds":
			v.float64(float64(w[mwCPUScavengeAssist]+w[mwCPUScavengeBackground]) / 1e9)
		case "/cpu/classes/user:cpu-seconds":
			other := uint64(0)
			for _, x := range w[mwCPUAssist : mwCPUIdle+1] {
				other += x
			}
			if other > w[mwCPUTotal] {
				other = w[mwCPUTotal]
			}
			v.float64(float64(w[mwCPUTotal]-other) / 1e9)
		default:
			if !readGodebugMetric(s.name, v) {
				v.kind = metricBad
			}
		}
	}
	unlockMetrics()
}

// bySize copies counts by class; large objects, class 0, come last.
func bySize(to, from []uint64) {
	copy(to, from[1:])
	to[len(to)-1] = from[0]
}

func lockMetrics() {
	for !atomic.Cas(&metricLock, 0, 1) {
		Gosched()
	}
}

func unlockMetrics() { atomic.Cas(&metricLock, 1, 0) }
