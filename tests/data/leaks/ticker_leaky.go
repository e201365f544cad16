// go.mod: go 1.22
// Each round starts a ticker and forgets it.
package main

import (
	"fmt"
	"time"
)

func poll(n int) int {
	t := time.NewTicker(time.Hour) // LEAK timer/ticker
	select {
	case <-t.C:
		return n
	case <-time.After(time.Microsecond):
		return -n
	}
}

func watch(done chan bool) {
	tick := time.NewTicker(time.Hour) // LEAK timer/ticker
	for {
		select {
		case <-tick.C:
		case <-done:
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
