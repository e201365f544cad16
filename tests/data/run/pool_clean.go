// Pools are cleaned after every cycle while other goroutines take from them and give back.
package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
)

type buffer struct {
	user atomic.Int32
	data [64]int
}

func main() {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	debug.SetGCPercent(5)
	var pools [8]sync.Pool
	for i := range pools {
		pools[i].New = func() any { return new(buffer) }
	}
	var wg sync.WaitGroup
	var shared, used atomic.Int64
	var stop atomic.Bool
	for range 4 {
		wg.Go(func() {
			var keep [64][]byte
			for i := 0; !stop.Load(); i++ {
				b := pools[i%len(pools)].Get().(*buffer)
				if b.user.Add(1) != 1 {
					shared.Add(1)
				}
				b.data[i%len(b.data)]++
				keep[i%len(keep)] = make([]byte, 1024)
				b.user.Add(-1)
				pools[i%len(pools)].Put(b)
				used.Add(1)
			}
		})
	}
	for range 150 {
		runtime.GC()
	}
	var m runtime.MemStats
	for m.NumGC < 600 {
		runtime.Gosched()
		runtime.ReadMemStats(&m)
	}
	stop.Store(true)
	wg.Wait()
	fmt.Println(shared.Load(), used.Load() > 0)

	// What nobody uses for two cycles is gone.
	var p sync.Pool
	p.Put(new(buffer))
	runtime.GC()
	runtime.GC()
	fmt.Println(p.Get())
}
