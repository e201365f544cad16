// Loops that append, with pointers live across the growth: what the call that grows wants is stored only there.
package main

import "fmt"

type node struct {
	next *node
	v    []int
	name string
}

func grow(n int) ([]*node, []string, [][]int) {
	var a []*node
	var b []string
	var c [][]int
	var last *node
	for i := 0; i < n; i++ {
		x := &node{next: last, v: []int{i, i + 1}}
		a = append(a, x)
		if i%3 == 0 {
			b = append(b, fmt.Sprint("s", i))
		}
		c = append(c, x.v)
		for j := range 3 {
			c[len(c)-1] = append(c[len(c)-1], j)
		}
		last = x
		x.name = b[len(b)-1]
	}
	return a, b, c
}

func bytesOf(n int) (out []byte) {
	var parts [][]byte
	for i := 0; i < n; i++ {
		p := []byte{byte(i)}
		for k := 0; k < i%7; k++ {
			p = append(p, p...)
			out = append(out, p[len(p)-1])
		}
		parts = append(parts, p)
	}
	for _, p := range parts {
		out = append(out, p...)
	}
	return
}

func deep(n int, acc []*node) []*node {
	if n == 0 {
		return acc
	}
	x := &node{name: fmt.Sprint(n)}
	acc = append(acc, x)
	y := deep(n-1, acc)
	if y[len(acc)-1] != x {
		panic("lost")
	}
	return append(y, acc[0])
}

func main() {
	a, b, c := grow(300)
	s := 0
	for i, x := range a {
		s += len(x.v) + len(x.name) + len(c[i]) + c[i][len(c[i])-1]
		if x.next != nil && x.next != a[i-1] {
			panic("wrong")
		}
	}
	fmt.Println(s, len(b), b[len(b)-1])
	h := 0
	for _, x := range bytesOf(200) {
		h = h*31 + int(x)
	}
	fmt.Println(h, len(deep(400, nil)))
}
