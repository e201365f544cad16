package main

import (
	"fmt"
	"iter"
	"maps"
	"slices"
)

func count(n int) iter.Seq[int] {
	return func(yield func(int) bool) {
		defer fmt.Println("cleanup", n)
		for i := range n {
			if !yield(i) {
				return
			}
		}
	}
}

func find(n, want int) (idx int, ok bool) {
	for i := range count(n) {
		for j := range count(3) {
			if i*3+j == want {
				return i*10 + j, true
			}
			if j == 2 {
				break
			}
			continue
		}
	}
	return -1, false
}

func labels() {
outer:
	for i := range count(4) {
		for j := range count(4) {
			switch {
			case j == 1 && i == 0:
				continue outer
			case i == 2:
				break outer
			}
			defer fmt.Println("deferred", i, j)
		}
	}
	fmt.Println("after")
}

func bad(yield func(int) bool) {
	yield(1)
	yield(2)
}

func main() {
	fmt.Println(find(3, 4))
	labels()
	func() {
		defer func() { fmt.Println(recover()) }()
		for x := range bad {
			fmt.Println("bad", x)
			break
		}
	}()
	next, stop := iter.Pull(count(3))
	fmt.Println(next())
	fmt.Println(next())
	stop()
	fmt.Println(next())
	fmt.Println(slices.Sorted(maps.Keys(map[string]int{"b": 1, "a": 2})))
	fmt.Println(slices.Collect(maps.Values(map[int]string{1: "x"})))
	for i, s := range slices.Backward([]string{"x", "y"}) {
		fmt.Print(i, s, " ")
	}
	for range func(yield func() bool) { yield() } {
		fmt.Println("once")
	}
}
