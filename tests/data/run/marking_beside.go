// What the program does while marking runs beside it: it takes records of deferred calls off the P's list and puts them back, goroutines die and their
// blocks are used again.
package main

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"time"
)

type node struct {
	next *node
	pad  [6]*node
}

// tree queues calls in loops at every level, so that records go to and from the P's list all the time.
func tree(ctx context.Context, depth int, wg *sync.WaitGroup, calls *int) {
	if depth == 0 {
		wg.Go(func() {
			<-ctx.Done()
		})
		return
	}
	for range 3 {
		child, cancel := context.WithTimeout(context.WithValue(ctx, depth, depth), time.Hour)
		tree(child, depth-1, wg, calls)
		defer func(f context.CancelFunc) {
			if f != nil {
				*calls++
			}
		}(cancel)
	}
}

func main() {
	debug.SetGCPercent(100)
	calls := 0
	for range 40 {
		var wg sync.WaitGroup
		root, cancel := context.WithCancel(context.Background())
		tree(root, 7, &wg, &calls)
		cancel()
		wg.Wait()
	}
	fmt.Println(calls)

	debug.SetGCPercent(100)
	var wg sync.WaitGroup
	var mu sync.Mutex
	sum := 0
	for i := 0; i < 300000; i++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			n := &node{next: &node{}}
			mu.Lock()
			if n.next != nil {
				sum += i & 7
			}
			mu.Unlock()
		}()
		if i%50000 == 0 {
			runtime.GC()
		}
		if i%100 == 0 {
			wg.Wait()
		}
	}
	wg.Wait()
	fmt.Println(sum)
}
