package main

import "runtime"

type tree struct{ l, r *tree }

func grow(d int) *tree {
	if d == 0 {
		return new(tree)
	}
	return &tree{grow(d - 1), grow(d - 1)}
}

// All goroutines go to sleep while a collection, which the allocations have begun, is under way.
func main() {
	keep := grow(16)
	never := make(chan int)
	go func() {
		for i := 0; i < 20; i++ {
			grow(14)
		}
		<-never
	}()
	<-never
	runtime.KeepAlive(keep)
}
