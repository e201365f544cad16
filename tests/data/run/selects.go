// select: cases that can all go on are taken evenly, a due ticker among them; many goroutines select on both sides of the same channels; Gosched on one P
// keeps the order.
package main

import (
	"fmt"
	"runtime"
	"sync"
	"time"
)

func even() {
	const each, rounds = 60000, 120000
	var c [4]chan int
	for i := range c {
		c[i] = make(chan int, each)
		for j := 0; j < each; j++ {
			c[i] <- j
		}
	}
	tick := time.NewTicker(time.Microsecond)
	defer tick.Stop()
	var n [5]int
	for i := 0; i < rounds; i++ {
		select {
		case v := <-c[0]:
			n[0] += inOrder(n[0], v)
		case v := <-c[1]:
			n[1] += inOrder(n[1], v)
		case v := <-c[2]:
			n[2] += inOrder(n[2], v)
		case v := <-c[3]:
			n[3] += inOrder(n[3], v)
		case <-tick.C:
			n[4]++
		}
	}
	least, most := min(n[0], n[1], n[2], n[3]), max(n[0], n[1], n[2], n[3])
	fmt.Println("even", most-least < rounds/40, "ticks", n[4] > 0)
}

func inOrder(want, v int) int {
	if v != want {
		panic(fmt.Sprint("element ", v, " in the place of ", want))
	}
	return 1
}

func bothSides() {
	const senders, each = 8, 5000
	a, b, done := make(chan int), make(chan int, 3), make(chan bool)
	var sending, receiving sync.WaitGroup
	for range senders {
		sending.Go(func() {
			for i := range each {
				select {
				case a <- i:
				case b <- i:
				}
			}
		})
	}
	var mu sync.Mutex
	count, sum := 0, 0
	for range 3 {
		receiving.Go(func() {
			k, s := 0, 0
			for {
				select {
				case v := <-a:
					k, s = k+1, s+v
				case v := <-b:
					k, s = k+1, s+v
				case <-done:
					mu.Lock()
					defer mu.Unlock()
					count, sum = count+k, sum+s
					return
				}
			}
		})
	}
	sending.Wait()
	for len(b) > 0 {
		time.Sleep(time.Millisecond)
	}
	close(done)
	receiving.Wait()
	fmt.Println("received", count, "sum", sum)
}

func closedAndNil() {
	c, never := make(chan int, 2), chan int(nil)
	c <- 7
	close(c)
	for range 3 {
		select {
		case v, ok := <-c:
			fmt.Println(v, ok)
		case <-never:
			fmt.Println("from nil")
		}
	}
	func() {
		defer func() { fmt.Println(recover()) }()
		select {
		case c <- 1:
		case never <- 1:
		}
	}()
}

func turns() {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var wg sync.WaitGroup
	var order []byte
	for _, name := range "abc" {
		wg.Go(func() {
			for range 100 {
				order = append(order, byte(name))
				runtime.Gosched()
			}
		})
	}
	wg.Wait()
	outOfTurn := 0
	for i := 3; i < len(order); i++ {
		if order[i] != order[i-3] {
			outOfTurn++
		}
	}
	// Preemption may disturb it now and then.
	fmt.Println("turns", len(order), outOfTurn < 30)
}

func main() {
	even()
	bothSides()
	closedAndNil()
	turns()
}
