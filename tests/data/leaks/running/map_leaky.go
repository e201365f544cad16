// A map was large once.
package main

import "fmt"

var sessions = map[int]string{}

func main() {
	for i := 0; i < 100_000; i++ {
		sessions[i] = "open"
	}
	for i := 10; i < 100_000; i++ {
		delete(sessions, i)
	}
	fmt.Println(len(sessions))
}
