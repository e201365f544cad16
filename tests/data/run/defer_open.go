// Deferred calls that a function's returns make by themselves: which of them run, in which order, what they see, and what is left to run
// when one of them panics, recovers, ends the goroutine, parks or moves the stack.
package main

import (
	"fmt"
	"runtime"
	"sync"
)

var log []string

func note(s string, a ...any) { log = append(log, fmt.Sprintf(s, a...)) }

func flush(name string) {
	fmt.Println(name, log)
	log = nil
}

func conditional(bits int) (r int) {
	if bits&1 != 0 {
		defer func() { note("a%d", r); r++ }()
	}
	if bits&2 != 0 {
		defer func(x int) { note("b%d", x); r *= 10 }(r + 5)
		if bits&4 != 0 {
			return 7
		}
	}
	if bits&8 != 0 {
		defer note("c")
	}
	switch {
	case bits&16 != 0:
		defer func() { note("d") }()
		return 1
	}
	return 2
}

func panicsInDeferred(recoverAt int) (r int, err any) {
	defer func() {
		if recoverAt == 0 {
			err = recover()
		}
		note("first %v", r)
	}()
	defer func() {
		if recoverAt == 1 {
			err = recover()
			r = 100
		}
		note("second %v", r)
	}()
	defer func() {
		note("third")
		panic(fmt.Sprint("from third, ", r))
	}()
	defer note("fourth")
	return 5, nil
}

type big [40]int

func wide(n int) (b big, s string) {
	defer func() { b[3] += n; s += "!" }()
	if n > 3 {
		defer func() { b[n] = deep(200) }()
		b[1] = 9
		return b, "wide"
	}
	b[0] = n
	return b, "narrow"
}

func deep(n int) int {
	var pad [64]int
	pad[n%64] = n
	if n == 0 {
		return 0
	}
	defer func() { pad[n%64]-- }()
	return deep(n-1) + pad[n%64] - n + 1
}

func grows(n int) (sum int) {
	x := 1
	p := &x
	defer func() { sum += *p }()
	defer func() { *p += deep(300) }()
	sum = deep(n)
	return sum
}

func nilFunc() (err any) {
	defer func() { err = recover() }()
	var f func()
	defer note("runs")
	defer f()
	note("body")
	return nil
}

type closer struct{ name string }

func (c *closer) close()    { note("close %s", c.name) }
func (c closer) done(n int) { note("done %s %d", c.name, n) }

type doer interface{ done(n int) }

func methods(d doer) {
	c := &closer{"p"}
	defer c.close()
	defer d.done(1)
	defer c.done(2)
	f := c.close
	defer f()
	c.name = "q"
}

func parks(ch chan int) (r int) {
	defer func() { r += <-ch }()
	defer func() { ch <- 1; r += <-ch }()
	defer runtime.Gosched()
	defer func() { runtime.GC() }()
	return 3
}

func exits(wg *sync.WaitGroup, mu *sync.Mutex) {
	defer wg.Done()
	defer func() { note("recovered %v", recover()) }()
	mu.Lock()
	defer mu.Unlock()
	defer func() { runtime.Goexit() }()
	defer note("before")
}

func inner() (s string) {
	defer func() {
		s = fmt.Sprint("inner ", recover())
	}()
	return "unset"
}

// A recover in a function that a deferred function calls finds nothing, also if that function's own deferred call asks.
func nested() (s string) {
	defer func() {
		note("%s", inner())
		s = fmt.Sprint("outer ", recover())
	}()
	panic("p")
}

func manyReturns(n int) (r int) {
	defer func() { r = -r }()
	defer func() { r += 1000 }()
	switch n {
	case 0:
		return 0
	case 1:
		return 10
	case 2:
		return 20
	case 3:
		return 30
	case 4:
		return 40
	case 5:
		return 50
	case 6:
		return 60
	}
	return 70
}

func mixed(n int) {
	defer note("once")
	for i := 0; i < n; i++ {
		defer note("loop %d", i)
	}
	defer note("last")
}

func seq(yield func(int) bool) {
	for i := 0; i < 3 && yield(i); i++ {
	}
}

func rangeFunc() {
	defer note("once")
	for i := range seq {
		defer note("body %d", i)
	}
	defer note("last")
}

func caller() (name string) {
	defer func() {
		pc, _, _, _ := runtime.Caller(1)
		name = runtime.FuncForPC(pc).Name()
	}()
	return
}

func main() {
	for bits := range 32 {
		note("=%d", conditional(bits))
	}
	flush("conditional")
	for at := range 2 {
		r, err := panicsInDeferred(at)
		note("%d %v", r, err)
	}
	flush("panics")
	b, s := wide(7)
	note("%v %s", b[:10], s)
	b, s = wide(2)
	note("%v %s", b[:10], s)
	flush("wide")
	done := make(chan int)
	go func() { done <- grows(50) }()
	note("%d", <-done)
	flush("grows")
	note("%v", nilFunc())
	flush("nil")
	methods(closer{"v"})
	flush("methods")
	ch := make(chan int)
	go func() { <-ch; ch <- 10; ch <- 100 }()
	note("%d", parks(ch))
	flush("parks")
	var wg sync.WaitGroup
	var mu sync.Mutex
	wg.Add(1)
	go exits(&wg, &mu)
	wg.Wait()
	mu.Lock()
	flush("exits")
	note("%s", nested())
	flush("nested")
	for n := range 8 {
		note("%d", manyReturns(n))
	}
	flush("returns")
	mixed(3)
	rangeFunc()
	flush("mixed")
	fmt.Println(caller())
}
