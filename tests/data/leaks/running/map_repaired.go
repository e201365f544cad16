// What is left of a map that was large once is copied; another map is large because it has so much in it.
package main

import "fmt"

var sessions, all = map[int]string{}, map[int]string{}

func main() {
	for i := 0; i < 100_000; i++ {
		sessions[i] = "open"
		all[i] = "open"
	}
	for i := 10; i < 100_000; i++ {
		delete(sessions, i)
	}
	left := make(map[int]string, len(sessions))
	for k, v := range sessions {
		left[k] = v
	}
	sessions = left
	fmt.Println(len(sessions), len(all))
}
