// Elements of many sizes, with pointers and without, go through channels.
package main

import (
	"fmt"
	"runtime"
	"sync"
)

type a3 [3]byte
type s24 struct {
	p *int
	q string
}
type s80 struct{ v [10]*int }
type s88 struct{ v [11]int }
type f12 struct{ a, b, c int32 }

func run[T any](n, buf int, mk func(int) T, val func(T) int) {
	c := make(chan T, buf)
	var wg sync.WaitGroup
	for k := range 3 {
		wg.Go(func() {
			for i := range n {
				select {
				case c <- mk(i*3 + k):
				}
			}
		})
	}
	go func() { wg.Wait(); close(c) }()
	s := 0
	for v := range c {
		s += val(v)
		if s%97 == 0 {
			runtime.GC()
		}
	}
	z, ok := <-c
	fmt.Println(s, val(z), ok)
}

func main() {
	for _, buf := range []int{0, 1, 7} {
		n := 300
		run(n, buf, func(i int) a3 { return a3{byte(i), 1, 2} }, func(x a3) int { return int(x[0]) + int(x[1]) })
		run(n, buf, func(i int) s24 { return s24{new(i), fmt.Sprint(i)} }, func(x s24) int {
			if x.p == nil {
				return len(x.q)
			}
			return *x.p + len(x.q)
		})
		run(n, buf, func(i int) (x s80) { x.v[i%10] = new(i); return }, func(x s80) (r int) {
			for _, p := range x.v {
				if p != nil {
					r += *p
				}
			}
			return
		})
		run(n, buf, func(i int) (x s88) { x.v[i%11] = i; return }, func(x s88) (r int) {
			for _, p := range x.v {
				r += p
			}
			return
		})
		run(n, buf, func(i int) f12 { return f12{int32(i), 2, 3} }, func(x f12) int { return int(x.a + x.b*x.c) })
		run(n, buf, func(i int) struct{} { return struct{}{} }, func(x struct{}) int { return 1 })
	}
}
