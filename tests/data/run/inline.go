package main

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
)

// Small functions that a compiler inlines: what they do must not change by that.

type pair struct{ a, b int }

func (p pair) swapped() pair { p.a, p.b = p.b, p.a; return p }
func (p *pair) inc() *pair   { p.a++; return p }
func (p *pair) first() int   { return p.a }

type big struct {
	n [10]int
	s string
}

func change(b big) big { b.n[3] = 7; b.s += "!"; return b }
func sum(b big) (t int) {
	for _, x := range b.n {
		t += x
	}
	return
}
func blank(_ int, _ any) {}

var trail []string

func note(s string, v int) int { trail = append(trail, s); return v }

// ---- results

func classify(x int) (string, int) {
	switch {
	case x < 0:
		return "neg", -x
	case x == 0:
		return "zero", 0
	}
	return "pos", x
}

func named(x int) (r int, err error) {
	if x > 2 {
		err = errors.New("big")
		return
	}
	r = x * 2
	return
}

func search(s []int, x int) int {
outer:
	for i, v := range s {
		for k := 0; k < 3; k++ {
			if v < x {
				continue outer
			}
			if v == x && k == 2 {
				return i
			}
			if v > x {
				break outer
			}
		}
	}
	return -1
}

func countdown(n int) (s string) {
again:
	if n > 0 {
		s += fmt.Sprint(n)
		n--
		goto again
	}
	return s
}

func recursive(n int) int {
	if n == 0 {
		return 0
	}
	return n + recursive(n-1)
}

func even(n int) bool { return n == 0 || odd(n-1) }
func odd(n int) bool  { return n != 0 && even(n-1) }

// ---- literals

func counter() (func() int, func()) {
	n := 0
	return func() int { n++; return n }, func() { n *= 10 }
}

func twice(f func(int)) { f(1); f(2) }

func adder(k int) func(int) int {
	return func(x int) int {
		return func(y int) int { return x + y }(k)
	}
}

func upTo(n int) func(func(int) bool) {
	return func(yield func(int) bool) {
		for i := range n {
			if !yield(i) {
				return
			}
		}
	}
}

// ---- interfaces

type shape interface{ area() int }
type square struct{ side int }

func (s square) area() int { return s.side * s.side }

type wrapper struct{ shape }

func total(shapes ...shape) (t int) {
	for _, s := range shapes {
		t += s.area()
	}
	return
}

func makeShape(n int) shape { return square{n} }

// ---- panics and places

func deref(p *int) int          { return *p }
func at(s []int, i int) int     { return s[i] }
func deeper(s []int, i int) int { return at(s, i) + 1 }

func here() string {
	pc, _, line, _ := runtime.Caller(1)
	return fmt.Sprint(runtime.FuncForPC(pc).Name(), ":", line)
}

func middle() string { return here() }
func outerFn() string {
	return middle()
}

func frames() string {
	var pcs [16]uintptr
	it := runtime.CallersFrames(pcs[:runtime.Callers(0, pcs[:])])
	var list []string
	for {
		f, more := it.Next()
		if strings.HasPrefix(f.Function, "main.") {
			list = append(list, fmt.Sprint(f.Function[5:], ":", f.Line, ":", f.Func != nil))
		}
		if !more {
			return strings.Join(list, " ")
		}
	}
}

func viaOne() string { return frames() }
func viaTwo() string { return viaOne() }

func catch(what string, f func()) {
	defer func() {
		r := recover()
		fmt.Println(what, r)
		fmt.Println("  ", frames())
	}()
	f()
}

func main() {
	p := pair{1, 2}
	fmt.Println(p.swapped(), p, p.inc().inc().first(), p)
	b := big{s: "x"}
	c := change(b)
	fmt.Println(sum(b), sum(c), b.s, c.s)
	blank(note("one", 1), note("two", 2))
	fmt.Println(note("a", 1)+p.first()*note("b", 2), trail)

	for _, x := range []int{-5, 0, 9} {
		s, n := classify(x)
		r, err := named(x)
		fmt.Println(s, n, r, err)
	}
	fmt.Println(search([]int{1, 4, 9}, 4), search([]int{1, 4, 9}, 5), search(nil, 1))
	fmt.Println(countdown(3), countdown(2), recursive(4), even(7), odd(7))

	next, tenfold := counter()
	next()
	tenfold()
	fmt.Println(next())
	var fs []func() int
	for i := 0; i < 3; i++ {
		twice(func(k int) { fs = append(fs, func() int { return i*10 + k }) })
	}
	for _, f := range fs {
		fmt.Print(f(), " ")
	}
	fmt.Println(adder(3)(4))
	acc := 0
	twice(func(k int) { acc += k; twice(func(j int) { acc += j * 100 }) })
	fmt.Println(acc)
	for i := range upTo(10) {
		if i == 4 {
			break
		}
		acc += i
	}
	fmt.Println(acc)

	var s shape = square{3}
	fmt.Println(s.area(), makeShape(4).area(), wrapper{square{5}}.area(), total(s, wrapper{s}))
	var none shape
	catch("nil interface:", func() { fmt.Println(none.area()) })
	catch("nil embedded:", func() { fmt.Println(wrapper{}.area()) })
	catch("nil pointer:", func() { fmt.Println(deref(nil)) })
	catch("index:", func() {
		fmt.Println(
			deeper([]int{1}, 5),
		)
	})
	fmt.Println(here(), middle(), outerFn())
	fmt.Println(func() string { return middle() }())
	fmt.Println(viaTwo())
}
