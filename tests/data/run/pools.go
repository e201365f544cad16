// Pools are emptied by the collections that the heap's growth begins: what nobody took is gone after the second, and what comes back later is kept again.
package main

import (
	"fmt"
	"runtime"
	"sync"
)

type thing struct{ n int }

var sink []byte

// collect allocates until the collector has run that often by itself, and gives it time to do what comes behind a cycle.
func collect(times uint32) {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	for until := m.NumGC + times; m.NumGC < until; runtime.ReadMemStats(&m) {
		for i := 0; i < 1<<12; i++ {
			sink = make([]byte, 1<<10)
		}
		runtime.Gosched()
	}
}

// kept puts a thing in and takes it out; where collections follow each other closely they may empty the pool between, so it tries again.
func kept(p *sync.Pool, n int) bool {
	for range 100 {
		p.Put(&thing{n})
		if got := p.Get(); got != nil {
			return got.(*thing).n == n
		}
	}
	return false
}

func main() {
	var first, second sync.Pool
	for round := range 3 {
		fmt.Println(kept(&first, round), kept(&second, -round))
		first.Put(&thing{round})
		// Long without anything in any pool, so that nobody has been told of a cycle for a while.
		collect(6)
		fmt.Println(first.Get() == nil, second.Get() == nil)
	}
}
