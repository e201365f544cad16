// Only a part of a list of blocks is used on; the array still points to all of them.
package main

import "fmt"

type block struct{ data [1 << 20]byte }

type pool struct{ free []*block }

var current []*block
var shared pool

func some() []*block {
	all := make([]*block, 8)
	for i := range all {
		all[i] = new(block)
	}
	return all[2:6] // LEAK retain/elements
}

func (p *pool) drop(i int) {
	p.free = append(p.free[:i], p.free[i+1:]...) // LEAK retain/elements
}

func main() {
	fill()
	current = some()
	for i := 0; i < 4; i++ {
		shared.free = append(shared.free, new(block))
	}
	shared.drop(1)
	fmt.Println(len(current), cap(current), len(shared.free))
}

func firstHalf(all []*block) []*block {
	return all[:len(all)/2] // LEAK retain/elements
}

func fill() {
	all := []*block{}
	for i := 0; i < 8; i++ {
		all = append(all, new(block))
	}
	current = firstHalf(all)
}
