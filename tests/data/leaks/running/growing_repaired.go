// Every request has a time limit, and leaves the table when it is over; a pool of workers is there from the beginning.
package main

import (
	"fmt"
	"sync"
	"time"
)

var (
	mu      sync.Mutex
	pending = map[int]chan string{}
	jobs    = make(chan func())
)

func request(id int) {
	answer := make(chan string)
	mu.Lock()
	pending[id] = answer
	mu.Unlock()
	go func() {
		select {
		case <-answer:
		case <-time.After(100 * time.Millisecond):
		}
		mu.Lock()
		delete(pending, id)
		mu.Unlock()
	}()
}

func main() {
	for i := 0; i < 100; i++ {
		go func() {
			for f := range jobs {
				f()
			}
		}()
	}
	for i := 0; i < 200; i++ {
		jobs <- func() { request(i) }
		time.Sleep(10 * time.Millisecond)
	}
	time.Sleep(200 * time.Millisecond)
	fmt.Println(len(pending))
	close(jobs)
}
