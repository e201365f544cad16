// Variables whose address is taken by inlined methods only: they need no memory. Others must keep theirs.
package main

import (
	"fmt"
	"math"
	"runtime"
	"unsafe"
)

type iter struct {
	p    []int
	i    int
	seen *int
}

func (t *iter) next() bool { t.i++; return t.i < len(t.p) }
func (t *iter) val() int   { return t.p[t.i] }

func sum(xs []int) (s int) {
	var t iter
	t.p, t.i = xs, -1
	for t.next() {
		s += t.val()
	}
	return s
}

type small struct {
	a  int8
	b  uint16
	c  bool
	f  float32
	d  float64
	p  *int
	in inner
}

type inner struct{ x, y int32 }

func (n *inner) swap() { n.x, n.y = n.y, n.x }

var g = 7

func (s *small) set(x int) {
	s.a = int8(x)
	s.b = uint16(x)
	s.c = x&1 == 0
	s.f = float32(x) / 3
	s.d = math.Sqrt(float64(x))
	s.p = &g
	s.in.x = int32(x) * 3
}

// Each turn has a new variable, zero unless it is set.
func turns(n int) (r int) {
	for i := 0; i < n; i++ {
		var s small
		if i%3 != 0 {
			s.set(i * 77)
		}
		q := &s
		in := &q.in
		in.swap()
		r += int(q.a) + int(q.b) + int(in.y) - int(in.x)
		if q.c {
			r += int(q.f) + int(q.d)
		}
		if q.p != nil {
			r += *q.p
		}
	}
	return
}

// One variable for all turns.
func across(n int) int {
	var s small
	q := &s
	for i := 0; i < n; i++ {
		q.a++
		q.b += uint16(q.a)
		if q.a == 100 {
			*q = small{b: q.b}
		}
	}
	return int(s.a)<<20 + int(s.b)
}

// The address is needed in one of two ways.
//
//go:noinline
func bump(s *small) { s.b++ }

func sometimes(n int) int {
	var s small
	for i := 0; i < n; i++ {
		s.set(i)
		if i%5 == 0 {
			bump(&s)
		}
	}
	return int(s.b)
}

// Two views of one word.
type bits struct{ u uint64 }

func (b *bits) float() *float64 { return (*float64)(unsafe.Pointer(&b.u)) }
func (b *bits) half() *uint32   { return (*uint32)(unsafe.Pointer(&b.u)) }

func views(f float64) (uint64, uint32) {
	var b bits
	*b.float() = f
	u := b.u
	*b.half() = 5
	return u, uint32(b.u)
}

// Signs and widths.
type narrow struct {
	i8  int8
	u8  uint8
	i16 int16
	u32 uint32
}

func (n *narrow) add(x int) {
	n.i8 += int8(x)
	n.u8 += uint8(x)
	n.i16 += int16(x)
	n.u32 += uint32(x)
}

func wrap() (int, int, int, int) {
	var n narrow
	for range 300 {
		n.add(250)
	}
	p := (*uint8)(unsafe.Pointer(&n.i8))
	return int(n.i8), int(n.u8) + int(*p), int(n.i16), int(n.u32)
}

// Pointers stay known across collections and moves of the stack.
type list struct {
	head *node
	n    int
}

type node struct {
	v    int
	next *node
}

func (l *list) push(v int) { l.head = &node{v, l.head}; l.n++ }

//go:noinline
func deep(n int) int {
	if n == 0 {
		runtime.GC()
		return 0
	}
	var pad [64]int
	pad[n%64] = n
	return deep(n-1) + pad[n%64]
}

func lists() (s int) {
	var l list
	for i := range 100 {
		l.push(i)
		if i%40 == 0 {
			s += deep(300)
		}
	}
	for n := l.head; n != nil; n = n.next {
		s += n.v * l.n
	}
	return s
}

// A pointer to a variable in a variable.
func inside() int {
	var a, b int
	p := &a
	pp := &p
	**pp = 3
	*pp = &b
	**pp = 4
	return a*10 + b
}

func nils(yes bool) (r string) {
	defer func() { r = fmt.Sprint(recover()) }()
	var s small
	p := &s
	if yes {
		p = nil
	}
	p.a = 1
	return fmt.Sprint(s.a)
}

func array() (r int) {
	var a [4]int
	p := &a
	p[0], p[3] = 1, 2
	q := &a[3]
	*q += 40
	for i := range p {
		r = r*10 + p[i]
	}
	var c [2]int
	c[0]++
	d := &c[1]
	*d -= c[0]
	return r*100 + c[0] - c[1]
}

func main() {
	xs := make([]int, 1000)
	for i := range xs {
		xs[i] = i
	}
	fmt.Println(sum(xs), turns(1000), across(1000), sometimes(100))
	fmt.Println(views(1.5))
	fmt.Println(wrap())
	fmt.Println(lists(), inside(), nils(false), nils(true), array())
}
