// The time that goroutines wait for mutexes is counted: 64 of them, one after the other, hold one for a millisecond, 32 another for reading and writing.
package main

import (
	"fmt"
	"runtime/metrics"
	"sync"
	"time"
)

func waited() float64 {
	s := []metrics.Sample{{Name: "/sync/mutex/wait/total:seconds"}}
	metrics.Read(s)
	return s[0].Value.Float64()
}

func main() {
	before := waited()
	var wg sync.WaitGroup
	var mu sync.Mutex
	began := time.Now()
	for range 64 {
		wg.Go(func() {
			mu.Lock()
			time.Sleep(time.Millisecond)
			mu.Unlock()
		})
	}
	wg.Wait()
	// On average a goroutine waits for half of the time; it is measured by samples.
	whole := time.Since(began).Seconds() * 64
	sum := waited() - before
	fmt.Println(sum > whole/8, sum < whole*2)

	before = waited()
	var rw sync.RWMutex
	rw.Lock()
	for i := range 32 {
		wg.Go(func() {
			if i%2 == 0 {
				rw.RLock()
				rw.RUnlock()
			} else {
				rw.Lock()
				rw.Unlock()
			}
		})
	}
	time.Sleep(20 * time.Millisecond)
	rw.Unlock()
	wg.Wait()
	fmt.Println(waited()-before > 0)

	// Other waits do not count.
	before = waited()
	c := make(chan int)
	for range 32 {
		wg.Go(func() { <-c })
	}
	time.Sleep(5 * time.Millisecond)
	close(c)
	wg.Wait()
	fmt.Println(waited() == before)
}
