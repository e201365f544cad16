// A goroutine that waits for something nobody will send lives for ever, with its stack and all it refers to.
package main

import (
	"errors"
	"fmt"
	"runtime"
	"time"
)

func query(i int) int {
	time.Sleep(time.Millisecond)
	return i
}

// first returns the first answer. The channel has no room, so the other goroutines wait for ever to send theirs.
func first(n int) int {
	answers := make(chan int)
	for i := range n {
		go func() { answers <- query(i) }()
	}
	return <-answers
}

// firstBuffered has room for every answer: all goroutines end.
func firstBuffered(n int) int {
	answers := make(chan int, n)
	for i := range n {
		go func() { answers <- query(i) }()
	}
	return <-answers
}

// withTimeout gives up; its goroutine must be able to end, too.
func withTimeout() error {
	done := make(chan struct{}, 1)
	go func() {
		time.Sleep(300 * time.Millisecond)
		done <- struct{}{}
	}()
	select {
	case <-done:
		return nil
	case <-time.After(time.Millisecond):
		return errors.New("timeout")
	}
}

// leaked is the number of goroutines that are still there when everything that can end has ended.
func leaked(before int) int {
	for range 1000 {
		if runtime.NumGoroutine() == before {
			break
		}
		time.Sleep(time.Millisecond)
	}
	return runtime.NumGoroutine() - before
}

func main() {
	before := runtime.NumGoroutine()
	for range 10 {
		firstBuffered(5)
	}
	fmt.Println("leaked by 10 calls with room for all answers:", leaked(before))
	for range 10 {
		first(5)
	}
	fmt.Println("leaked by 10 calls without:", leaked(before))
	before = runtime.NumGoroutine()
	fmt.Println(withTimeout(), "leaked:", leaked(before))
}
