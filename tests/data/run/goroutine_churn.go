// Goroutines are born and die in the memory of dead ones while their stacks are scanned beside them.
package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
)

type tree struct{ left, right *tree }

func grow(depth int) *tree {
	if depth == 0 {
		return &tree{}
	}
	runtime.Gosched()
	return &tree{grow(depth - 1), grow(depth - 1)}
}

func (t *tree) count() int {
	if t.left == nil {
		return 1
	}
	return t.left.count() + t.right.count() + 1
}

func main() {
	runtime.GOMAXPROCS(4)
	debug.SetGCPercent(1)
	var mu sync.Mutex
	total := 0
	for round := 0; round < 60; round++ {
		var all sync.WaitGroup
		for i := 0; i < 200; i++ {
			all.Add(1)
			go func() {
				defer all.Done()
				n := grow(i % 5).count()
				mu.Lock()
				total += n
				mu.Unlock()
			}()
		}
		if round%4 == 0 {
			runtime.GC()
		}
		all.Wait()
	}
	fmt.Println(total)
}
