// layout -arch amd64,386 Entry T1 Z1 big
package main

import "sync/atomic"

// Entry has holes, and a counter at a bad place on 32-bit machines.
type Entry struct {
	a bool
	b int64
	c bool
	d *int
	e bool
}

type T1 struct {
	a int8
	b int64
	c int16
}

// Z1 ends in a field of size zero.
type Z1 struct {
	n int32
	z struct{}
}

type big struct {
	name  string
	any   any
	list  []string
	block [513]byte
	next  *big
	fn    func()
}

func count(e *Entry) int64 { return atomic.AddInt64(&e.b, 1) }

func main() { println(count(new(Entry))) }
