// Channels are closed when there is no more to come.
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
		case <-s.quit:
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
			for j := range jobs {
				total += j
				wg.Done()
			}
		}()
	}
	for _, v := range values {
		jobs <- v
	}
	close(jobs)
	wg.Wait()
	return total
}

func wait() {
	go func() {
		<-stop
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
	s.quit <- true
	close(stop)
	unsubscribeAll()
	time.Sleep(20 * time.Millisecond)
	fmt.Println(total)
}

var subscribers []chan int

func subscribe() {
	c := make(chan int)
	subscribers = append(subscribers, c)
	go func() {
		for v := range c {
			fmt.Println(v)
		}
	}()
}

func unsubscribeAll() {
	for _, c := range subscribers {
		close(c)
	}
	subscribers = nil
}
