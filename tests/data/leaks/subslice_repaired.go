// The parts are copies of their own.
package main

import (
	"bytes"
	"fmt"
	"slices"
)

type summary struct {
	name string
	tail []int
	head []byte
}

func series(n int) []int {
	s := make([]int, 1<<17)
	for i := range s {
		s[i] = n * i
	}
	return s
}

func summarise(n int) summary {
	all := series(n)
	raw := make([]byte, 1<<20)
	return summary{
		name: fmt.Sprint(n),
		tail: slices.Clone(all[len(all)-30:]),
		head: bytes.Clone(raw[:16]),
	}
}

var kept []summary

func main() {
	for i := 0; i < 64; i++ {
		kept = append(kept, summarise(i))
	}
	fmt.Println(len(kept), kept[63].tail[29], len(kept[0].head))
}
