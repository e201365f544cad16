// A timer whose time has come is never missed by a select with default, on whichever P it was made.
package main

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

const short = 200 * time.Microsecond

// until passes the time among others, so that the goroutine moves about.
func until(t time.Time) {
	for time.Now().Before(t) {
		runtime.Gosched()
	}
}

func main() {
	for _, procs := range []int{1, 2, 4} {
		runtime.GOMAXPROCS(procs)
		var missed atomic.Int64
		var wg sync.WaitGroup
		for range 6 {
			wg.Go(func() {
				for range 40 {
					t := time.NewTimer(short)
					until(time.Now().Add(2 * short))
					select {
					case <-t.C:
					default:
						missed.Add(1)
					}
					var never chan int
					t.Reset(short)
					until(time.Now().Add(2 * short))
					select {
					case <-t.C:
					case <-never:
					default:
						missed.Add(1)
					}
					tick := time.NewTicker(short)
					until(time.Now().Add(2 * short))
					select {
					case <-tick.C:
					default:
						missed.Add(1)
					}
					tick.Stop()
					t.Reset(short)
					until(time.Now().Add(2 * short))
					if t.Stop() {
						select {
						case <-t.C:
							missed.Add(1)
						default:
						}
					}
				}
			})
		}
		wg.Wait()
		fmt.Println(procs, missed.Load())
	}
}
