// Goroutine stacks start small and grow by copying. Pointers into the stack are adjusted, so the program does not notice.
package main

import "fmt"

type node struct {
	up    *node
	depth int
}

// descend links each frame's own variable to the one of its caller; at the bottom the chain, which lies on the stack, is walked up.
func descend(up *node, n int) int {
	here := node{up, n}
	if n == 0 {
		sum := 0
		for p := &here; p != nil; p = p.up {
			sum += p.depth
		}
		return sum
	}
	return descend(&here, n-1)
}

func main() {
	for _, depth := range []int{10, 1000, 100000} {
		fmt.Println(depth, descend(nil, depth))
	}
	results := make(chan int)
	for i := range 4 {
		go func() { results <- descend(nil, 5000*(i+1)) }()
	}
	total := 0
	for range 4 {
		total += <-results
	}
	fmt.Println("four goroutines:", total)
}
