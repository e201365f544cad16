// Asks the system for memory of every kind: heap, stacks, tables, large pages, pages given back.
package main

import (
	"fmt"
	"os"
	"runtime/debug"
	"strings"
)

type tree struct{ left, right *tree }

func grow(depth int) *tree {
	if depth == 0 {
		return nil
	}
	return &tree{grow(depth - 1), grow(depth - 1)}
}

func deep(n int) int {
	var pad [64]int
	pad[n%64] = n
	if n == 0 {
		return 0
	}
	return deep(n-1) + pad[n%64] - n + 1
}

func main() {
	t := grow(14)
	big := make([][]byte, 70)
	for i := range big {
		big[i] = make([]byte, 4<<20)
		big[i][i] = 1
	}
	done := make(chan int)
	for range 20 {
		go func() { done <- deep(500) }()
	}
	sum := 0
	for range 20 {
		sum += <-done
	}
	for i := range big {
		if i%2 == 0 {
			big[i] = nil
		}
	}
	debug.FreeOSMemory()
	m := map[string]int{}
	for i := range 5000 {
		m[fmt.Sprint(i, strings.Repeat("x", i%50))] = i
	}
	fmt.Fprintln(os.Stdout, sum, len(m), t != nil, big[69][69])
}
