// Trees that die young beside one that lives, a cache of bounded size, goroutines that exchange what they allocate, and finalizers.
package main

import (
	"container/list"
	"fmt"
	"runtime"
	"strings"
	"sync"
)

type tree struct {
	left, right *tree
	depth       int32
}

func build(depth int) *tree {
	t := &tree{depth: int32(depth)}
	if depth > 0 {
		t.left, t.right = build(depth-1), build(depth-1)
	}
	return t
}

func (t *tree) count() int {
	if t.left == nil {
		return 1
	}
	return 1 + t.left.count() + t.right.count()
}

type entry struct {
	key   int
	value string
}

type cache struct {
	limit int
	order *list.List
	byKey map[int]*list.Element
}

func (c *cache) get(key int) (string, bool) {
	e, ok := c.byKey[key]
	if !ok {
		return "", false
	}
	c.order.MoveToFront(e)
	return e.Value.(*entry).value, true
}

func (c *cache) put(key int, value string) {
	c.byKey[key] = c.order.PushFront(&entry{key, value})
	for c.order.Len() > c.limit {
		last := c.order.Back()
		delete(c.byKey, last.Value.(*entry).key)
		c.order.Remove(last)
	}
}

func lru() (hits, misses, bytes int) {
	c := &cache{limit: 1000, order: list.New(), byKey: map[int]*list.Element{}}
	x := uint32(1)
	for i := 0; i < 60000; i++ {
		x = x*1664525 + 1013904223
		key := int(x>>16) % 1500
		if v, ok := c.get(key); ok {
			hits++
			bytes += len(v)
			continue
		}
		misses++
		c.put(key, strings.Repeat("v", key%200))
	}
	return
}

// rotate moves the only pointer to a node between heap, stack and channel while collections run.
func rotate(rounds int) int {
	type node struct {
		next *node
		id   int
	}
	ch := make(chan *node, 4)
	done := make(chan int)
	go func() {
		sum := 0
		var kept *node
		for n := range ch {
			first := n.next
			n.next = kept
			kept = first
			sum += first.id
		}
		for n := kept; n != nil; n = n.next {
			sum += n.id & 1
		}
		done <- sum
	}()
	for i := 0; i < rounds; i++ {
		outer := &node{id: -1, next: &node{id: i}}
		inner := outer.next
		outer.next = nil
		carrier := &node{next: inner}
		ch <- carrier
	}
	close(ch)
	return <-done
}

func main() {
	long := build(13)
	var wg sync.WaitGroup
	totals := make([]int, 4)
	for i := range totals {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for k := 0; k < 40; k++ {
				totals[i] += build(8 + i).count()
			}
		}()
	}
	wg.Wait()
	fmt.Println("trees", totals, "long", long.count())
	fmt.Println(lru())
	fmt.Println("rotate", rotate(50000))

	var lock sync.Mutex
	finalized := 0
	for i := 0; i < 100; i++ {
		t := build(1)
		runtime.SetFinalizer(t, func(t *tree) {
			lock.Lock()
			finalized += t.count()
			lock.Unlock()
		})
	}
	for i := 0; i < 50; i++ {
		runtime.GC()
		runtime.Gosched()
		lock.Lock()
		n := finalized
		lock.Unlock()
		if n >= 297 {
			break
		}
	}
	lock.Lock()
	fmt.Println("most were finalized:", finalized >= 290, "long", long.count())
	lock.Unlock()

	big := make([][]*tree, 0)
	for i := 0; i < 60; i++ {
		s := make([]*tree, 5000)
		s[4999] = build(2)
		big = append(big, s)
		if len(big) > 10 {
			big = big[1:]
		}
	}
	sum := 0
	for _, s := range big {
		sum += s[4999].count()
	}
	fmt.Println("big", len(big), sum)
}
