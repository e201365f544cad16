// What stays on the stack and what moves to the heap. The compiler explains itself:
//
//	tuza build -gcflags=-m ./escape
package main

import (
	"fmt"
	"runtime"
)

type point struct{ x, y int }

// sum's parameter does not leak: callers may keep the point on their stack.
//
//go:noinline
func sum(p *point) int { return p.x + p.y }

// keep stores its parameter where it outlives the call: the caller's point has to be on the heap.
//
//go:noinline
func keep(p *point) { kept = p }

var kept *point

// objects counts the heap objects that a function makes.
func objects(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 100 {
		f()
	}
	runtime.ReadMemStats(&after)
	return (after.Mallocs - before.Mallocs) / 100
}

func main() {
	fmt.Println("objects per call, pointer used below only:", objects(func() {
		p := point{1, 2}
		sum(&p)
	}))
	fmt.Println("objects per call, pointer kept:", objects(func() {
		p := point{1, 2}
		keep(&p)
	}))
	n := 64
	fmt.Println("objects per call, slice of constant length:", objects(func() {
		s := make([]int, 64)
		s[0] = n
	}))
	fmt.Println("objects per call, closure that is called here:", objects(func() {
		add := func(i int) { n += i }
		add(1)
	}))
}
