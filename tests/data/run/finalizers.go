// Finalizers and cleanups run soon after a collection, also on two processors when each of their allocations stops the world.
package main

import (
	"fmt"
	"runtime"
)

type node struct {
	next *node
	data [4]int
}

//go:noinline
func drop(order chan<- int, n int) {
	var chain *node
	for i := 0; i < n; i++ {
		chain = &node{next: chain}
		chain.data[0] = i
		runtime.SetFinalizer(chain, func(x *node) { order <- x.data[0] })
	}
	runtime.AddCleanup(&node{}, func(v int) { order <- v }, 100)
}

func main() {
	runtime.GOMAXPROCS(2)
	const n = 3
	order := make(chan int, n+1)
	drop(order, n)
	cleaned := false
	var got []int
	for cycle := 0; cycle < 200 && (len(got) < n || !cleaned); cycle++ {
		runtime.GC()
		for len(order) > 0 {
			if v := <-order; v == 100 {
				cleaned = true
			} else {
				got = append(got, v)
			}
		}
	}
	// The head of the chain first: an object that another one with a finalizer refers to waits for it.
	fmt.Println(got, cleaned)
}
