// Timers and tickers that nobody refers to any more are collected; goroutines that serve them are not, they have to be told to end.
package main

import (
	"fmt"
	"runtime"
	"time"
)

type poller struct {
	ticker *time.Ticker
	stop   chan struct{}
	count  int
}

func start() *poller {
	p := &poller{ticker: time.NewTicker(time.Millisecond), stop: make(chan struct{})}
	go func() {
		defer p.ticker.Stop()
		for {
			select {
			case <-p.ticker.C:
				p.count++
			case <-p.stop:
				return
			}
		}
	}()
	return p
}

func settle(want int) int {
	for range 1000 {
		if runtime.NumGoroutine() == want {
			break
		}
		time.Sleep(time.Millisecond)
	}
	return runtime.NumGoroutine()
}

func main() {
	before := runtime.NumGoroutine()
	var pollers []*poller
	for range 8 {
		pollers = append(pollers, start())
	}
	fmt.Println("goroutines of 8 pollers:", runtime.NumGoroutine()-before)
	for _, p := range pollers {
		close(p.stop)
	}
	fmt.Println("goroutines after stopping them:", settle(before)-before)

	collected := make(chan bool)
	func() {
		t := time.NewTicker(time.Hour)
		runtime.AddCleanup(t, func(c chan bool) { c <- true }, collected)
	}()
	runtime.GC()
	fmt.Println("a forgotten ticker is collected:", <-collected)
}
