// A worker defers once a job, and its function ends when there are no jobs any more: never.
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

func (t *table) serve() {
	for j := range jobs {
		t.mu.RLock()
		defer t.mu.RUnlock() // LEAK defer/loop
		if t.rows[j] > 0 {
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
