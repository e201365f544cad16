// Functions with a quick way that calls nothing and slow ways that do: results, panics with their
// tracebacks, recovery, stacks that move on the slow way, and loops over the bits of a word.
package main

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
)

type stack struct {
	a     []int
	n     int
	grown int
}

//go:noinline
func (s *stack) grow(by int) int {
	s.a = append(s.a, make([]int, by)...)
	s.grown++
	return len(s.a)
}

// One slow way; the quick one writes to the receiver before it is left.
//
//go:noinline
func (s *stack) push(v int) (int, error) {
	s.n++
	m := len(s.a)
	if s.n > m {
		m = s.grow(4)
	}
	s.a[s.n-1] = v
	return m - s.n, nil
}

var errEmpty = errors.New("empty")

// Three ways out that call, and results in several words.
//
//go:noinline
func (s *stack) take(k int) (v int, name string, err error) {
	if s.n == 0 {
		return 0, "none", errEmpty
	}
	if k < 0 {
		s.grow(-k)
		name = "grown"
	} else if k > s.n {
		return 0, fmt.Sprint("only ", s.n), errEmpty
	}
	s.n--
	v = s.a[s.n]
	if v == 13 {
		panic(fmt.Sprint("unlucky ", k))
	}
	return v, name, nil
}

// The slow way recurses deep, so that the stack moves under a pointer into it.
//
//go:noinline
func sum(p *int, depth int) int {
	*p += depth
	if depth&7 != 0 {
		return *p
	}
	if depth > 0 {
		var pad [64]int
		pad[depth&63] = 1
		return sum(p, depth-8) + pad[depth&63]
	}
	return *p
}

//go:noinline
func floats(a, b float64, n int) (float64, bool) {
	c := a*b + 1
	if n > 3 {
		c += float64(len(fmt.Sprint(n)))
	}
	return c - b, c > a
}

//go:noinline
func guarded(s *stack, k int) (text string) {
	defer func() {
		if e := recover(); e != nil {
			text = fmt.Sprint("recovered ", e)
		}
	}()
	v, name, err := s.take(k)
	return fmt.Sprint(v, name, err)
}

func where(f func()) (text string) {
	defer func() {
		e := recover()
		var pcs [20]uintptr
		frames := runtime.CallersFrames(pcs[:runtime.Callers(0, pcs[:])])
		for {
			fr, more := frames.Next()
			if strings.HasPrefix(fr.Function, "main.(*stack)") {
				text = fmt.Sprint(e, " in ", fr.Function, " line ", fr.Line)
				return
			}
			if !more {
				return
			}
		}
	}()
	f()
	return "no panic"
}

//go:noinline
func bitSum(x uint64) (s int) {
	for x != 0 {
		low := x & -x
		s += int(low % 1009)
		x &= x - 1
	}
	return s
}

//go:noinline
func bitCalls(x uint32) (s string) {
	for ; x != 0; x &= x - 1 {
		s += fmt.Sprint(x&-x, " ")
	}
	return s
}

func main() {
	s := &stack{}
	for i := range 10 {
		left, err := s.push(i)
		fmt.Print(left, err, " ")
	}
	fmt.Println(s.grown, s.a)
	fmt.Println(s.take(0))
	fmt.Println(s.take(-2))
	fmt.Println(s.take(100))
	s.push(13)
	fmt.Println(guarded(s, 5), "|", guarded(s, 5), "|", guarded(&stack{}, 1))
	fmt.Println(where(func() { (*stack)(nil).push(1) }))
	fmt.Println(where(func() { (&stack{n: -5, a: make([]int, 3)}).push(1) }))
	fmt.Println(where(func() { (&stack{n: 7, a: make([]int, 3)}).take(2) }))
	x := 0
	fmt.Println(sum(&x, 8000), x, sum(&x, 3))
	fmt.Println(floats(1, 2, 3))
	fmt.Println(floats(1, 2, 12345))
	fmt.Println(bitSum(0), bitSum(0xdeadbeefcafe), bitSum(^uint64(0)), bitCalls(0x8421))
	m := map[int]int{}
	for i := range 3000 {
		m[i*i%701] += i
		if i%3 == 0 {
			delete(m, i%97)
		}
	}
	total := 0
	for k, v := range m {
		total += k*v + 1
	}
	fmt.Println(len(m), total)
}
