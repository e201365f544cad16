// Finalizers on objects of cycles read one field; one captures its object beside its parameter.
package main

import (
	"fmt"
	"runtime"
)

type id int

type node struct {
	id   id
	name string
	next *node
	buf  []byte
}

func named() {
	a, b := &node{name: "a", id: 1}, &node{name: "b"}
	a.next, b.next = b, a
	runtime.SetFinalizer(a, func(n *node) { _ = n.name + "!" }) // LEAK finalizer/cycle
	runtime.SetFinalizer(b, func(n *node) { release(n.id) })    // LEAK finalizer/cycle
}

func release(id) {}

func caught() {
	n := &node{name: "x"}
	runtime.SetFinalizer(n, func(p *node) { _ = p.name + n.name }) // LEAK finalizer/cycle
}

func main() {
	named()
	caught()
	runtime.GC()
	fmt.Println("ok")
}
