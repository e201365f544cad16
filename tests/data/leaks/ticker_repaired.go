// go.mod: go 1.22
// Every ticker is stopped.
package main

import (
	"fmt"
	"time"
)

func poll(n int) int {
	t := time.NewTicker(time.Hour)
	defer t.Stop()
	select {
	case <-t.C:
		return n
	case <-time.After(time.Microsecond):
		return -n
	}
}

func watch(done chan bool) {
	tick := time.NewTicker(time.Hour)
	for {
		select {
		case <-tick.C:
		case <-done:
			tick.Stop()
			return
		}
	}
}

func main() {
	sum := 0
	for i := 0; i < 100; i++ {
		sum += poll(i)
	}
	done := make(chan bool)
	go watch(done)
	close(done)
	fmt.Println(sum)
}
