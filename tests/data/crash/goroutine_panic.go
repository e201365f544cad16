package main

import "time"

func main() {
	go func() {
		var m map[string]int
		m["x"] = 1
	}()
	time.Sleep(10 * time.Second)
}
