// Parents and children refer to each other, and a finalizer is set on one of them.
package main

import (
	"fmt"
	"runtime"
	"sync/atomic"
)

type node struct {
	data     [1 << 16]byte
	parent   *node
	children []*node
}

var released atomic.Int64

func (n *node) add(c *node) {
	n.children = append(n.children, c)
	c.parent = n
}

func tree() {
	root := &node{}
	child := &node{parent: root}
	root.children = []*node{child}
	runtime.SetFinalizer(root, func(*node) { released.Add(1) }) // LEAK finalizer/cycle
}

func added() {
	root, child := new(node), new(node)
	root.add(child)
	runtime.SetFinalizer(child, func(n *node) { released.Add(1) }) // LEAK finalizer/cycle
}

type handle struct {
	fd  int
	buf [1 << 12]byte
}

func open(fd int) *handle {
	h := &handle{fd: fd}
	runtime.SetFinalizer(h, func(*handle) { released.Add(int64(h.fd)) }) // LEAK finalizer/cycle
	return h
}

type socket struct {
	fd   int
	name string
	kind mode
	peer *socket
}

type mode uint8

func pair(n int) {
	a, b := &socket{fd: n, name: "a"}, &socket{fd: n + 1, name: "b", kind: 2}
	a.peer, b.peer = b, a
	runtime.SetFinalizer(b, func(s *socket) { // LEAK finalizer/cycle
		released.Add(int64(s.fd + len(s.name)*int(s.kind)))
	})
}

func main() {
	for i := 0; i < 8; i++ {
		tree()
		added()
		open(i)
		pair(i)
	}
	runtime.GC()
	fmt.Println(released.Load() >= 0)
}
