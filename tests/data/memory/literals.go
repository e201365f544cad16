// Objects that are being filled while the collector runs: a literal calls functions between its fields, and what it takes from shared places is
// overwritten there at once. Goroutines wait for each other meanwhile, so that waiting places and records of deferred calls change hands.
package main

import (
	"fmt"
	"sync"
)

type leaf struct{ id, check int }

type node struct {
	a     *leaf
	words []string
	b     *leaf
	next  *node
	any   any
}

const slots = 64

type bench struct {
	mu     sync.Mutex
	leaves [slots]*leaf
}

// take empties a slot and puts a new leaf there: afterwards only the caller knows the old one.
func (b *bench) take(k, id int) *leaf {
	b.mu.Lock()
	defer b.mu.Unlock()
	old := b.leaves[k%slots]
	b.leaves[k%slots] = &leaf{id, id * 7}
	return old
}

// work allocates enough for cycles to begin and end in the midst of the callers' literals.
func work(n int) []string {
	var s []string
	for i := 0; i < n; i++ {
		s = append(s, fmt.Sprint("w", i))
	}
	return s
}

func run(b *bench, g, rounds int, out chan<- *node) {
	var head *node
	for i := 0; i < rounds; i++ {
		k := g*31 + i
		head = &node{b.take(k, k), work(i % 40), b.take(k+1, k+1), head, b.take(k+2, k+2)}
		if i%16 == 15 {
			out <- head
			head = nil
		}
	}
}

func main() {
	b := new(bench)
	for i := range b.leaves {
		b.leaves[i] = &leaf{i, i * 7}
	}
	out := make(chan *node)
	var wg sync.WaitGroup
	for g := 0; g < 8; g++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			run(b, g, 800, out)
		}()
	}
	go func() {
		wg.Wait()
		close(out)
	}()
	nodes, wrong, words := 0, 0, 0
	for n := range out {
		for ; n != nil; n = n.next {
			nodes++
			words += len(n.words)
			for _, l := range []*leaf{n.a, n.b, n.any.(*leaf)} {
				if l.check != l.id*7 {
					wrong++
				}
			}
			for i, w := range n.words {
				if w != fmt.Sprint("w", i) {
					wrong++
				}
			}
		}
	}
	fmt.Println("nodes", nodes, "words", words, "wrong", wrong)
}
