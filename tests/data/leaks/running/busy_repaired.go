// A goroutine works when there is something to do, until it is told to stop; main computes longer than that.
package main

import (
	"fmt"
	"sync/atomic"
	"time"
)

func count(n *atomic.Int64, stop chan bool) {
	for {
		select {
		case <-stop:
			return
		case <-time.After(time.Millisecond):
			n.Add(1)
		}
	}
}

func main() {
	var n atomic.Int64
	stop := make(chan bool)
	go count(&n, stop)
	x := uint64(1)
	for start := time.Now(); time.Since(start) < 2*time.Second; {
		for i := 0; i < 1000; i++ {
			x = x*6364136223846793005 + 1
		}
	}
	fmt.Println(n.Load() > 0, x != 0)
	close(stop)
}
