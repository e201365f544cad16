// Workers take jobs from a channel that nobody closes, and wait for a stop that nobody gives.
package main

import (
	"fmt"
	"sync"
	"time"
)

var stop = make(chan struct{})

type server struct {
	quit chan bool
	n    int
}

func (s *server) loop() {
	for {
		select {
		case <-s.quit: // LEAK goroutine/blocked
			return
		}
	}
}

func sum(values []int) int {
	jobs := make(chan int)
	var wg sync.WaitGroup
	wg.Add(len(values))
	total := 0
	for w := 0; w < 4; w++ {
		go func() {
			for j := range jobs { // LEAK goroutine/blocked
				total += j
				wg.Done()
			}
		}()
	}
	for _, v := range values {
		jobs <- v
	}
	wg.Wait()
	return total
}

func wait() {
	go func() {
		<-stop // LEAK goroutine/blocked
	}()
}

func main() {
	s := &server{quit: make(chan bool)}
	subscribe()
	go s.loop()
	total := 0
	for i := 0; i < 25; i++ {
		total += sum([]int{i})
		wait()
	}
	time.Sleep(5 * time.Millisecond)
	fmt.Println(total)
}

var subscribers []chan int

func subscribe() {
	c := make(chan int)
	subscribers = append(subscribers, c)
	go func() {
		for v := range c { // LEAK goroutine/blocked
			fmt.Println(v)
		}
	}()
}
