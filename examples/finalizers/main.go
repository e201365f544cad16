// A finalizer makes its object live once more. Objects with finalizers that refer to each other in a circle are never collected; cleanups,
// which do not get the object, have no such trouble.
package main

import (
	"fmt"
	"runtime"
	"time"
)

type node struct {
	next *node
	data [1024]byte
}

func pair(watch func(*node)) {
	a, b := new(node), new(node)
	a.next, b.next = b, a
	watch(a)
	watch(b)
}

// collected waits for up to n signals.
func collected(c chan int, n int) int {
	for i := range n {
		for try := 0; ; try++ {
			runtime.GC()
			select {
			case <-c:
			default:
				if try < 20 {
					time.Sleep(time.Millisecond)
					continue
				}
				return i
			}
			break
		}
	}
	return n
}

func main() {
	c := make(chan int, 10)
	pair(func(n *node) { runtime.SetFinalizer(n, func(*node) { c <- 1 }) })
	fmt.Println("finalized in a circle:", collected(c, 2))
	pair(func(n *node) { runtime.AddCleanup(n, func(i int) { c <- i }, 1) })
	fmt.Println("cleaned up in a circle:", collected(c, 2))

	one := new(node)
	runtime.SetFinalizer(one, func(n *node) { n.data[0] = 1; c <- 1 })
	one = nil
	fmt.Println("finalized alone:", collected(c, 1))
}
