// Pauses are counted for the collector or for others, latencies of goroutines too; WriteHeapDump writes.
package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

func sum(name string) (n uint64) {
	s := []metrics.Sample{{Name: name}}
	metrics.Read(s)
	for _, c := range s[0].Value.Float64Histogram().Counts {
		n += c
	}
	return
}

func cycles() uint64 {
	s := []metrics.Sample{{Name: "/gc/cycles/total:gc-cycles"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

func main() {
	debug.SetGCPercent(-1)
	names := []string{"/sched/pauses/stopping/gc:seconds", "/sched/pauses/total/gc:seconds", "/sched/pauses/stopping/other:seconds", "/sched/pauses/total/other:seconds"}
	runtime.GC()
	for _, f := range []struct {
		n string
		f func()
	}{
		{"GC", runtime.GC}, {"procs", func() { runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + 1) }},
		{"goroutineprofile", func() { var s [1]runtime.StackRecord; runtime.GoroutineProfile(s[:]) }},
		{"memstats", func() { var m runtime.MemStats; runtime.ReadMemStats(&m) }},
		{"stack", func() { var b [64]byte; runtime.Stack(b[:], true) }},
		{"dump", func() {
			f, _ := os.CreateTemp("", "d")
			debug.WriteHeapDump(f.Fd())
			st, _ := f.Stat()
			fmt.Print(st.Size() > 1000, " ")
			os.Remove(f.Name())
		}},
		{"metrics", func() { sum(names[0]) }},
	} {
		var a [4]uint64
		n := cycles()
		for i, n := range names {
			a[i] = sum(n)
		}
		f.f()
		for i, n := range names {
			a[i] = sum(n) - a[i]
		}
		collected := cycles() != n
		fmt.Println(f.n, (a[0] > 0) == collected, (a[1] > 0) == collected, a[2] > 0, a[3] > 0)
	}
	for range 1000 {
		runtime.Gosched()
	}
	fmt.Println(sum("/sched/latencies:seconds") > 50)
}
