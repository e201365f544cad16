// Tickers in a list that nobody looks at.
package main

import (
	"fmt"
	"time"
)

type poll struct {
	every *time.Ticker
	buf   []byte
}

var polls []*poll

func start(n int) {
	for i := 0; i < n; i++ {
		polls = append(polls, &poll{every: time.NewTicker(time.Hour)})
	}
}

func clock(stop chan bool, done chan int) {
	t := time.NewTicker(time.Millisecond)
	defer t.Stop()
	n := 0
	for {
		select {
		case <-t.C:
			n++
		case <-stop:
			done <- n
			return
		}
	}
}

func main() {
	start(20)
	stop, done := make(chan bool), make(chan int)
	go clock(stop, done)
	time.Sleep(20 * time.Millisecond)
	close(stop)
	fmt.Println(len(polls), <-done > 0)
}
