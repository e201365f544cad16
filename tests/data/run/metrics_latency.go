// /sched/latencies:seconds counts one in eight of the times a goroutine was made ready, however many there are.
package main

import (
	"fmt"
	"runtime"
	"runtime/metrics"
)

func count() (n uint64) {
	s := []metrics.Sample{{Name: "/sched/latencies:seconds"}}
	metrics.Read(s)
	for _, c := range s[0].Value.Float64Histogram().Counts {
		n += c
	}
	return n
}

func main() {
	runtime.GOMAXPROCS(1)
	ping, pong := make(chan int), make(chan int)
	go func() {
		for v := range ping {
			pong <- v + 1
		}
		close(pong)
	}()
	const rounds = 100000
	before := count()
	for i := range rounds {
		ping <- i
		<-pong
	}
	close(ping)
	<-pong
	share := float64(count()-before) / (2 * rounds)
	if share < 0.1 || share > 0.15 {
		fmt.Println("share", share)
	}
	fmt.Println("done")
}
