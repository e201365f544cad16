// Soak: allocation, goroutines and maps come and go for a long time. What the program holds varies about a fixed amount, so the memory of the process
// must stay where it is: the mean of the last third of the samples may differ from that of the first third (after a warm-up) by 2 %.
package main

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

var (
	length  = flag.Duration("time", 10*time.Minute, "how long")
	workers = flag.Int("workers", 4, "goroutines that churn")
	verbose = flag.Bool("v", false, "print each sample: seconds, resident MiB, and what the runtime says it has of the system")
	limit   = flag.Float64("drift", 2, "percent of drift that is an error")
)

type node struct {
	left, right *node
	payload     []byte
}

func tree(r *rand.Rand, depth int) *node {
	n := &node{payload: make([]byte, r.IntN(200))}
	// From one place in the source: the heap profile, which forgets nothing, keeps a record of every stack that allocates, in Go too.
	for _, child := range [2]**node{&n.left, &n.right} {
		if depth > 0 {
			*child = tree(r, depth-1)
		}
	}
	return n
}

func (n *node) count() int {
	if n == nil {
		return 0
	}
	return 1 + n.left.count() + n.right.count()
}

func deep(n int) int {
	var pad [16]int
	pad[n%16] = n
	if n == 0 {
		return 0
	}
	return 1 + deep(n-1) + pad[(n+1)%16]
}

func check(ok bool, what string) {
	if !ok {
		fmt.Println("FAIL:", what)
		os.Exit(1)
	}
}

var rounds, finalized atomic.Int64

func churn(seed uint64, stop *atomic.Bool) {
	r := rand.New(rand.NewPCG(seed, 1))
	m := map[string]*node{}
	var keys []string
	made := 0
	ring := make([][]byte, 256)
	for !stop.Load() {
		// Trees, some of which stay for a while.
		t := tree(r, 10)
		check(t.count() == 2047, "tree")
		// A map of about 2000 entries, whose keys change.
		for range 200 {
			made++ // no key comes twice
			k := fmt.Sprintf("key-%d-%d-%s", r.IntN(1<<30), made, strings.Repeat("x", r.IntN(40)))
			m[k] = &node{payload: make([]byte, r.IntN(500))}
			keys = append(keys, k)
		}
		for len(keys) > 2000 {
			i := r.IntN(len(keys))
			_, ok := m[keys[i]]
			check(ok, "map entry")
			delete(m, keys[i])
			keys[i] = keys[len(keys)-1]
			keys = keys[:len(keys)-1]
		}
		// Large objects of all sizes.
		for range 8 {
			b := make([]byte, 1<<(8+r.IntN(10)))
			b[len(b)-1] = 1
			ring[r.IntN(len(ring))] = b[:len(b):len(b)]
		}
		// Goroutines with small and deep stacks, channels, timers, finalizers.
		results := make(chan int, 8)
		var all sync.WaitGroup
		for i := range 64 {
			all.Add(1)
			go func() {
				defer all.Done()
				if i%16 == 0 {
					check(deep(1000) >= 1000, "deep recursion")
				}
				results <- i
			}()
		}
		sum := 0
		for range 64 {
			sum += <-results
		}
		all.Wait()
		check(sum == 64*63/2, "channel")
		obj := &node{}
		runtime.SetFinalizer(obj, func(*node) { finalized.Add(1) })
		select {
		case <-time.After(time.Duration(r.IntN(1000)) * time.Microsecond):
		case <-time.After(time.Hour):
			check(false, "timer")
		}
		rounds.Add(1)
	}
}

func resident() float64 {
	text, err := os.ReadFile("/proc/self/statm")
	check(err == nil, "statm")
	var size, pages int
	fmt.Sscan(string(text), &size, &pages)
	return float64(pages*os.Getpagesize()) / (1 << 20)
}

func mean(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x
	}
	return sum / float64(len(v))
}

func main() {
	flag.Parse()
	var stop atomic.Bool
	var all sync.WaitGroup
	for i := range *workers {
		all.Add(1)
		go func() {
			defer all.Done()
			churn(uint64(i), &stop)
		}()
	}
	// A tenth to warm up, then 90 samples of the highest value of 20 readings each.
	start := time.Now()
	time.Sleep(*length / 10)
	const samples, readings = 90, 20
	var rss []float64
	for range samples {
		top := 0.0
		for range readings {
			time.Sleep(*length * 9 / 10 / samples / readings)
			top = max(top, resident())
		}
		rss = append(rss, top)
		if *verbose {
			var ms runtime.MemStats
			runtime.ReadMemStats(&ms)
			fmt.Printf("%.0f %.1f heap %d idle %d stacks %d other %d\n", time.Since(start).Seconds(), top,
				(ms.HeapSys-ms.HeapReleased)>>10, (ms.HeapIdle-ms.HeapReleased)>>10, ms.StackSys>>10, (ms.Sys-ms.HeapSys-ms.StackSys)>>10)
		}
	}
	stop.Store(true)
	all.Wait()
	first, last := mean(rss[:samples/3]), mean(rss[samples-samples/3:])
	drift := (last - first) / first * 100
	var ms runtime.MemStats
	runtime.ReadMemStats(&ms)
	fmt.Printf("%d rounds in %.0f s, %d collections, %d finalizers, %d goroutines left; resident MiB: first third %.1f, last third %.1f, drift %+.2f %%\n",
		rounds.Load(), time.Since(start).Seconds(), ms.NumGC, finalized.Load(), runtime.NumGoroutine(), first, last, drift)
	check(finalized.Load() > rounds.Load()/2, "finalizers")
	check(runtime.NumGoroutine() == 1, "goroutines left")
	check(drift < *limit, "resident memory grows")
}
