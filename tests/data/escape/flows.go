// Where values go: parameters, results, loops, closures, interfaces.
package main

import "fmt"

type node struct {
	next *node
	data []byte
	name string
}

var global *int

func keep(p *int)              { global = p }
func pass(p *int) *int         { return p }
func content(n *node) *node    { return n.next }
func both(a, b *int) (x, y *int) { return b, a }
func look(n *node) int         { return len(n.data) }

func local() int {
	x, y := 1, 2
	p := &x
	q := pass(&y)
	return *p + *q
}

func result() *int {
	x := 1
	return &x
}

func loops(n int) int {
	var last *int
	sum := 0
	for i := 0; i < n; i++ {
		p := new(int)
		*p = i
		last = p
		q := new(int)
		sum += *q
	}
	return sum + *last
}

func perIteration(n int) (list []func() int) {
	for i := 0; i < n; i++ {
		list = append(list, func() int { return i })
	}
	for range 3 {
		f := func() int { return n }
		n += f()
	}
	return list
}

func (n *node) shrink(i int) { n.data = n.data[:i] }

func sizes(n int) int {
	var big [1 << 18]byte
	a := make([]byte, 10)
	b := make([]byte, n)
	const many = 1 << 17
	c := make([]int, many)
	k := 8
	d := make([]int, k)
	return len(big) + len(a) + len(b) + len(c) + len(d)
}

func iface(i int, s string) {
	fmt.Println(i, s, "const", &node{})
	var e any = i
	_ = e == nil
}

type shape interface{ area() int }
type square struct{ side int }

func (s square) area() int { return s.side * s.side }

func dynamic(s shape) int { return s.area() }
func known() int          { var s shape = square{2}; return s.area() }

func deferred(p *int) {
	defer func() { *p = 0 }()
	for i := range 2 {
		defer keep(&i)
	}
	go look(&node{})
}

func switched(v any) *int {
	switch v := v.(type) {
	case *int:
		return v
	case int:
		return &v
	}
	return nil
}

func maps(k string) int {
	m := map[string]*int{"a": new(int)}
	m[k] = new(int)
	s := []*int{new(int)}
	return len(m) + len(s)
}

func main() {
	keep(new(int))
	a, b := both(new(int), new(int))
	fmt.Println(*a, *b, content(&node{next: &node{}}) != nil, look(&node{}), local(), *result(), loops(3), len(perIteration(2)), sizes(4))
	iface(1, "x")
	fmt.Println(dynamic(square{1}), known(), switched(1), maps("b"))
	n := &node{data: make([]byte, 4)}
	n.shrink(2)
	deferred(new(int))
}
