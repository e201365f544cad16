// Channels that nobody sends to, takes all from, or closes.
package main

import (
	"fmt"
	"sync"
	"time"
)

func lost() {
	c := make(chan int)
	go func() {
		v := <-c // LEAK goroutine/blocked
		fmt.Println("never", v)
	}()
}

func lost2() {
	c := make(chan int)
	go func() {
		fmt.Println("never", <-c) // LEAK goroutine/blocked
	}()
}

func lost3() {
	var c = make(chan int)
	go func() {
		<-c // LEAK goroutine/blocked
		fmt.Println("never")
	}()
}

func loop() {
	for i := range 3 {
		c := make(chan int)
		go func() {
			select {
			case v := <-c: // LEAK goroutine/blocked
				fmt.Println("never", v, i)
			}
		}()
	}
}

func feed() int {
	c := make(chan int)
	var wg sync.WaitGroup
	sum := 0
	wg.Add(3)
	go func() {
		for {
			v := <-c // LEAK goroutine/blocked
			sum += v
			wg.Done()
		}
	}()
	for i := range 3 {
		c <- i
	}
	wg.Wait()
	return sum
}

func first() int {
	c := make(chan int)
	go func() {
		for i := 0; i < 10; i++ {
			c <- i // LEAK goroutine/blocked
		}
		close(c)
	}()
	for v := range c {
		if v > 3 {
			return v
		}
	}
	return -1
}

func any(list []string) int {
	c := make(chan int)
	for len(list) > 0 {
		s := list[0]
		go func() { c <- len(s) }() // LEAK goroutine/blocked
		list = list[1:]
	}
	return <-c
}

func nobody() {
	c := make(chan int)
	go func() {
		for i := 0; ; i++ {
			c <- i // LEAK goroutine/blocked
		}
	}()
}

type consumer struct{ in chan int }

func (c *consumer) run() {
	for v := range c.in { // LEAK goroutine/blocked
		fmt.Println(v)
	}
}

func fields() {
	s := &consumer{in: make(chan int)}
	go s.run()
}

func produce() {
	c := make(chan int)
	done := make(chan int)
	go func() {
		for i := range 5 {
			c <- i
		}
		done <- 1
	}()
	go func() {
		for v := range c { // LEAK goroutine/blocked
			fmt.Println("got", v)
		}
	}()
	<-done
}

func main() {
	lost()
	lost2()
	lost3()
	loop()
	fmt.Println(feed(), first(), any([]string{"a", "b"}))
	nobody()
	fields()
	produce()
	time.Sleep(10 * time.Millisecond)
}
