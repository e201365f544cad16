// A goroutine looks again and again for a flag that nobody sets.
package main

import (
	"fmt"
	"sync/atomic"
	"time"
)

var stopped atomic.Bool

func spin(n *atomic.Int64) {
	for !stopped.Load() {
		n.Add(1)
	}
}

func main() {
	var n atomic.Int64
	go spin(&n)
	time.Sleep(2 * time.Second)
	fmt.Println(n.Load() > 0)
}
