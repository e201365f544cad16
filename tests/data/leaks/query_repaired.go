// The channels have room for every answer: nobody waits.
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
	answers := make(chan string, 3)
	for i := 0; i < 3; i++ {
		go func() {
			answers <- ask(i)
		}()
	}
	return <-answers
}

func withTimeout(d time.Duration) (string, error) {
	result := make(chan string, 1)
	go func() {
		result <- ask(200)
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
