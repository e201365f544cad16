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
		{"dump", func() { f, _ := os.CreateTemp("", "d"); debug.WriteHeapDump(f.Fd()); st, _ := f.Stat(); fmt.Print(st.Size() > 1000, " "); os.Remove(f.Name()) }},
		{"metrics", func() { sum(names[0]) }},
	} {
		var a [4]uint64
		for i, n := range names {
			a[i] = sum(n)
		}
		f.f()
		fmt.Print(f.n)
		for i, n := range names {
			fmt.Print(" ", sum(n)-a[i] > 0)
		}
		fmt.Println()
	}
	for range 1000 {
		runtime.Gosched()
	}
	fmt.Println(sum("/sched/latencies:seconds") > 50)
}
