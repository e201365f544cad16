package main

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

func sieve(n int) (last int) {
	ch := make(chan int)
	go func() {
		for i := 2; ; i++ {
			ch <- i
		}
	}()
	for range n {
		prime := <-ch
		last = prime
		next := make(chan int)
		go func(in, out chan int) {
			for {
				if v := <-in; v%prime != 0 {
					out <- v
				}
			}
		}(ch, next)
		ch = next
	}
	return
}

func pipeline() int {
	src := make(chan int, 10)
	out := make(chan int)
	var wg sync.WaitGroup
	for range 4 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for v := range src {
				out <- v * v
			}
		}()
	}
	go func() {
		for i := range 100 {
			src <- i
		}
		close(src)
		wg.Wait()
		close(out)
	}()
	sum := 0
	for v := range out {
		sum += v
	}
	return sum
}

func selects() {
	a, b := make(chan int), make(chan string)
	quit := make(chan struct{})
	go func() {
		for i := range 3 {
			a <- i
		}
		b <- "done"
		close(quit)
	}()
	for {
		select {
		case v := <-a:
			fmt.Print("a", v, " ")
		case s, ok := <-b:
			fmt.Print(s, ok, " ")
		case <-quit:
			fmt.Println("quit")
			return
		case <-time.After(5 * time.Second):
			panic("timeout")
		}
	}
}

func deepInGoroutine() int {
	res := make(chan int)
	go func() {
		var f func(n int, p *int) int
		f = func(n int, p *int) int {
			local := n
			if n == 0 {
				return *p
			}
			*p += local
			return f(n-1, p) + local - n
		}
		x := 0
		res <- f(20000, &x)
	}()
	return <-res
}

func main() {
	fmt.Println(sieve(50))
	fmt.Println(pipeline())
	selects()
	fmt.Println(deepInGoroutine())
	var mu sync.Mutex
	var n int
	var at atomic.Int64
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			for range 100 {
				mu.Lock()
				n++
				if i%10 == 0 {
					runtime.Gosched()
				}
				mu.Unlock()
				at.Add(2)
			}
		})
	}
	wg.Wait()
	fmt.Println(n, at.Load())
	var once sync.Once
	for range 3 {
		once.Do(func() { fmt.Println("once") })
	}
	done := make(chan bool, 1)
	go func() {
		defer func() { done <- true }()
		defer fmt.Println("deferred before exit")
		runtime.Goexit()
	}()
	<-done
	select {
	case <-done:
	default:
		fmt.Println("default")
	}
	tick := time.NewTicker(time.Millisecond)
	for range 3 {
		<-tick.C
	}
	tick.Stop()
	cond := sync.NewCond(&mu)
	ready := false
	go func() { mu.Lock(); ready = true; cond.Broadcast(); mu.Unlock() }()
	mu.Lock()
	for !ready {
		cond.Wait()
	}
	mu.Unlock()
	spin := make(chan int)
	go func() { spin <- 1 }()
	x := 0
	for stop := false; !stop; {
		select {
		case <-spin:
			stop = true
		default:
			x++
		}
	}
	fmt.Println("end", x >= 0)
}
