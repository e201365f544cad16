// Goroutines on several processors: channels of all kinds, select, mutexes, conditions, timers, wired threads, changes of GOMAXPROCS.
package main

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

type node struct {
	left, right *node
	value       int
}

func tree(depth int) *node {
	if depth == 0 {
		return &node{value: 1}
	}
	return &node{tree(depth - 1), tree(depth - 1), 0}
}

func (n *node) sum() int {
	if n == nil {
		return 0
	}
	return n.value + n.left.sum() + n.right.sum()
}

// chain sends every number through a line of goroutines, each adding one; sent values are pointers, so that they move from stack to stack.
func chain(stages, items int) int {
	first := make(chan *node)
	in := first
	for i := 0; i < stages; i++ {
		out := make(chan *node, i%3)
		go func(in, out chan *node) {
			for n := range in {
				out <- &node{left: n, value: n.value + 1}
			}
			close(out)
		}(in, out)
		in = out
	}
	go func() {
		for i := 0; i < items; i++ {
			first <- &node{value: i}
		}
		close(first)
	}()
	sum := 0
	for n := range in {
		sum += n.value
		depth := 0
		for m := n; m.left != nil; m = m.left {
			depth++
		}
		if depth != stages {
			panic("lost a link")
		}
	}
	return sum
}

// merge receives from many channels through one select, and from a closed one.
func merge(senders, items int) (sum, closed int) {
	a, b, c := make(chan int), make(chan int, 4), make(chan int, 1)
	var wg sync.WaitGroup
	for i := 0; i < senders; i++ {
		wg.Add(1)
		go func(i int) {
			defer wg.Done()
			for k := 0; k < items; k++ {
				select {
				case a <- i:
				case b <- i:
				case c <- i:
				}
			}
		}(i)
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	for n := 0; n < senders*items; n++ {
		select {
		case v := <-a:
			sum += v
		case v := <-b:
			sum += v
		case v := <-c:
			sum += v
		}
	}
	<-done
	if _, ok := <-done; !ok {
		closed++
	}
	return
}

// queue is a bounded queue under a mutex and two conditions.
type queue struct {
	mu              sync.Mutex
	notFull, notNil *sync.Cond
	items           []int
}

func (q *queue) put(v int) {
	q.mu.Lock()
	for len(q.items) == 3 {
		q.notFull.Wait()
	}
	q.items = append(q.items, v)
	q.mu.Unlock()
	q.notNil.Signal()
}

func (q *queue) get() int {
	q.mu.Lock()
	for len(q.items) == 0 {
		q.notNil.Wait()
	}
	v := q.items[0]
	q.items = q.items[1:]
	q.mu.Unlock()
	q.notFull.Signal()
	return v
}

func queued(n int) int {
	q := new(queue)
	q.notFull, q.notNil = sync.NewCond(&q.mu), sync.NewCond(&q.mu)
	for w := 0; w < 3; w++ {
		go func() {
			for i := 0; i < n; i++ {
				q.put(i)
			}
		}()
	}
	sum := 0
	for i := 0; i < 3*n; i++ {
		sum += q.get()
	}
	return sum
}

// deep recurses so far that its stack is copied several times while others run.
func deep(n int, p *int) int {
	var pad [8]int
	pad[n&7] = n
	*p++
	if n == 0 {
		return 0
	}
	return deep(n-1, p) + pad[n&7] - n + 1
}

func main() {
	runtime.GOMAXPROCS(4)
	fmt.Println("chain", chain(20, 300))
	sum, closed := merge(5, 400)
	fmt.Println("merge", sum, closed)
	fmt.Println("queue", queued(500))

	var wg sync.WaitGroup
	var total atomic.Int64
	for i := 0; i < 6; i++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for k := 0; k < 10; k++ {
				calls := 0
				total.Add(int64(tree(7).sum() + deep(400, &calls) + calls))
			}
		}()
	}
	for i := 1; i <= 8; i++ {
		runtime.GOMAXPROCS(i)
		runtime.Gosched()
	}
	wg.Wait()
	fmt.Println("total", total.Load())

	// Loops without calls are stopped for a collection and do not keep others from running.
	var stop atomic.Bool
	for i := 0; i < 10; i++ {
		go func() {
			for n := 0; !stop.Load(); n++ {
			}
		}()
	}
	runtime.GC()
	ticker := time.NewTicker(time.Millisecond)
	for i := 0; i < 5; i++ {
		<-ticker.C
	}
	ticker.Stop()
	stop.Store(true)

	// A wired goroutine and its messages.
	ch := make(chan int)
	go func() {
		runtime.LockOSThread()
		for i := 0; i < 100; i++ {
			ch <- i
		}
		close(ch)
	}()
	sum = 0
	for v := range ch {
		sum += v
	}
	fmt.Println("wired", sum)

	// Timers: sleepers wake in the order of their times, a stopped timer does not fire.
	order := make(chan int, 3)
	for _, d := range []int{30, 10, 20} {
		go func() { time.Sleep(time.Duration(d) * time.Millisecond * 40); order <- d }()
	}
	fmt.Println(<-order, <-order, <-order)
	t := time.AfterFunc(time.Hour, func() { panic("fired") })
	fmt.Println(t.Stop(), t.Stop(), t.Reset(time.Hour), t.Stop())
	var once sync.Once
	var m sync.Map
	for i := 0; i < 50; i++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			once.Do(func() { m.Store("x", 1) })
			if _, ok := m.Load("x"); !ok {
				panic("once came back too early")
			}
		}()
	}
	wg.Wait()
	timeout := time.After(time.Minute)
	select {
	case <-timeout:
		fmt.Println("late")
	case <-time.After(time.Millisecond):
		fmt.Println("in time")
	}
}
