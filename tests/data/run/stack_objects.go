// Variables whose address was taken live while a pointer to them does, and no longer. Weak pointers tell.
package main

import (
	"runtime"
	"weak"
)

type obj struct{ v [8]int }

type pair struct{ a, b *obj }

type big struct {
	n    [6]int
	p    *obj
	next *big
}

type watch struct{ w weak.Pointer[obj] }

func fresh(n int) (*obj, watch) {
	o := &obj{}
	o.v[0] = n
	return o, watch{weak.Make(o)}
}

func (w watch) state() string {
	runtime.GC()
	if w.w.Value() == nil {
		return "dead"
	}
	return "alive"
}

//go:noinline
func use(p *pair) int { return p.a.v[0] }

//go:noinline
func useBig(b *big) int { return b.p.v[0] }

func byPointer() {
	o, w := fresh(1)
	s := pair{a: o}
	o = nil
	inner(&s, w)
	println("after the call:", w.state())
}

//go:noinline
func inner(p *pair, w watch) {
	println("before the last use:", w.state(), use(p))
	println("after the last use:", w.state())
}

// One object keeps another, and both are found through an interior pointer.
func chain() {
	o, w := fresh(2)
	last := big{p: o}
	o = nil
	first := big{next: &last}
	at := &first.next
	println("chain held:", w.state(), useBig(*at))
	println("chain let go:", w.state())
}

// Either of two: only what is pointed to lives.
//
//go:noinline
func either(which bool) {
	o1, w1 := fresh(3)
	o2, w2 := fresh(4)
	x, y := pair{a: o1}, pair{a: o2}
	o1, o2 = nil, nil
	p := &x
	if which {
		p = &y
	}
	use(p)
	println("first", w1.state(), "second", w2.state())
	use(p)
	println("first", w1.state(), "second", w2.state())
}

//go:noinline
func make1(o *obj) big { return big{p: o} }

// Memory results are written over a variable of which pointers existed.
func results() {
	for i := range 3 {
		o, w := fresh(10 + i)
		b := make1(o)
		o = nil
		p := &b
		println("round", i, w.state(), useBig(p))
		println("round", i, w.state())
		b = make1(nil)
		println("round", i, w.state(), b.p == nil)
	}
}

//go:noinline
func take(b big, w watch) {
	println("argument held:", w.state(), b.p.v[0])
	println("argument let go:", w.state())
}

func arguments() {
	o, w := fresh(20)
	b := big{p: o}
	o = nil
	take(b, w)
}

// The first elements of a growing slice lie in the frame until there are more.
func buffers() {
	var list []*obj
	var ws []watch
	for i := range 5 {
		o, w := fresh(30 + i)
		list = append(list, o)
		ws = append(ws, w)
	}
	for i := range list {
		list[i] = nil
	}
	for i, w := range ws {
		println("element", i, w.state())
	}
	runtime.KeepAlive(list)
}

// Deferred closures see variables of frames that panic.
func deferred() (r int) {
	o, w := fresh(40)
	s := pair{a: o}
	o = nil
	defer func() {
		println("in the deferred call:", w.state(), use(&s), recover() != nil)
		s = pair{}
		println("cleared:", w.state())
		r = 7
	}()
	var m map[string]int
	m["x"] = 1
	return 1
}

func grow(n int, p *pair) int {
	var pad [64]int
	pad[n%64] = n
	if n == 0 {
		runtime.GC()
		return use(p)
	}
	q := pair{a: p.a}
	return grow(n-1, &q) + pad[(n+1)%64]
}

func deep() {
	o, w := fresh(50)
	s := pair{a: o}
	o = nil
	println("deep:", grow(2000, &s), w.state())
	println("below:", w.state(), s.b == nil)
}

func selects() {
	c := make(chan *obj, 1)
	o, w := fresh(60)
	c <- o
	o = nil
	var got pair
	select {
	case got.a = <-c:
	case got.b = <-(chan *obj)(nil):
	}
	println("received:", w.state(), use(&got))
	println("then:", w.state())
}

func main() {
	byPointer()
	chain()
	either(false)
	either(true)
	results()
	arguments()
	buffers()
	println("returned", deferred())
	deep()
	selects()
}
