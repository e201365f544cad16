// The fastest replica wins; the others wait for ever to hand over their answer.
package main

import (
	"errors"
	"fmt"
	"time"
)

func ask(i int) string {
	time.Sleep(time.Duration(i) * time.Millisecond)
	return fmt.Sprint("answer ", i)
}

func query() string {
	answers := make(chan string)
	for i := 0; i < 3; i++ {
		go func() {
			answers <- ask(i) // LEAK goroutine/blocked
		}()
	}
	return <-answers
}

func withTimeout(d time.Duration) (string, error) {
	result := make(chan string)
	go func() {
		result <- ask(200) // LEAK goroutine/blocked
	}()
	select {
	case r := <-result:
		return r, nil
	case <-time.After(d):
		return "", errors.New("timeout")
	}
}

func main() {
	for i := 0; i < 50; i++ {
		query()
	}
	_, err := withTimeout(time.Millisecond)
	time.Sleep(250 * time.Millisecond)
	fmt.Println(err)
}
