// escape
package main

import "fmt"

type node struct {
	next *node
	data [4]int
}

var sink *node

// link keeps b in the memory behind a.
func link(a, b *node) {
	a.next = b
}

func list() *node {
	var x, y node
	link(&x, &y)
	sink = &x
	return &x
}

func local() int {
	n := new(node)
	n.data[1] = 3
	return n.data[1]
}

func boxed(n int) any {
	return n
}

func send(c chan *int) {
	v := 1
	c <- &v
}

func closure() func() int {
	n := 0
	return func() int {
		n++
		return n
	}
}

func sized(n int) int {
	s := make([]int, n)
	return len(s)
}

func big() int {
	s := make([]int, 10_000)
	return s[5]
}

type shape interface{ area() int }

type square struct{ side int }

func (s *square) area() int { return s.side * s.side }

func dynamic(s shape, f func(*int)) int {
	v := 2
	f(&v)
	return s.area()
}

func store(m map[string]*int) {
	v := 3
	m["a"] = &v
}

func grow(list []*int) []*int {
	v := 4
	return append(list, &v)
}

func main() {
	list()
	fmt.Println(local(), boxed(1), sized(5), big())
	send(make(chan *int, 1))
	closure()()
	dynamic(&square{2}, func(*int) {})
	store(map[string]*int{})
	grow(nil)
}
