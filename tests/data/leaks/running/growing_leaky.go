// Every request waits for its answer in a table; the answers to half of them never come, and the table knows all.
package main

import (
	"fmt"
	"time"
)

var pending = map[int]chan string{}

func request(id int) {
	answer := make(chan string)
	pending[id] = answer
	go func() {
		if text := <-answer; text != "" {
			fmt.Println(text)
		}
	}()
}

func main() {
	for i := 0; i < 200; i++ {
		request(i)
		time.Sleep(10 * time.Millisecond)
	}
	fmt.Println(len(pending))
	for _, c := range pending {
		if c == nil {
			close(c)
		}
	}
}
