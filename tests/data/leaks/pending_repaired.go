// A worker's deferred calls run after each job.
package main

import (
	"fmt"
	"sync"
	"time"
)

var jobs = make(chan int)

type table struct {
	mu   sync.RWMutex
	rows map[int]int
}

func (t *table) one(j int) bool {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.rows[j] > 0
}

func (t *table) serve() {
	for j := range jobs {
		if t.one(j) {
			return
		}
	}
}

func main() {
	t := &table{rows: map[int]int{}}
	go t.serve()
	for i := 0; i < 500; i++ {
		jobs <- i
	}
	time.Sleep(600 * time.Millisecond)
	fmt.Println(len(t.rows))
}
