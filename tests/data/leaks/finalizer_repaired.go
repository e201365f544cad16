// Cleanups allow cycles, and do not refer to the object.
package main

import (
	"fmt"
	"runtime"
)

type node struct {
	data     [1 << 16]byte
	parent   *node
	children []*node
}

var released int

func (n *node) add(c *node) {
	n.children = append(n.children, c)
	c.parent = n
}

func tree() {
	root := &node{}
	child := &node{parent: root}
	root.children = []*node{child}
	runtime.AddCleanup(root, func(struct{}) { released++ }, struct{}{})
}

func oneWay() {
	root, child := new(node), new(node)
	root.children = append(root.children, child)
	runtime.SetFinalizer(child, func(n *node) { released++ })
}

type handle struct {
	fd  int
	buf [1 << 12]byte
}

func open(fd int) *handle {
	h := &handle{fd: fd}
	runtime.AddCleanup(h, func(fd int) { _ = fd }, h.fd)
	return h
}

func main() {
	for i := 0; i < 8; i++ {
		tree()
		oneWay()
		open(i)
	}
	fmt.Println(released >= 0)
}
