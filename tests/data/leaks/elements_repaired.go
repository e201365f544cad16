// The pointers of the elements that get lost are cleared first.
package main

import (
	"fmt"
	"slices"
)

type block struct{ data [1 << 20]byte }

type pool struct{ free []*block }

var current []*block
var shared pool

func some() []*block {
	all := make([]*block, 8)
	for i := range all {
		all[i] = new(block)
	}
	clear(all[:2])
	clear(all[6:])
	return all[2:6]
}

func (p *pool) drop(i int) {
	p.free = slices.Delete(p.free, i, i+1)
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
	return slices.Clone(all[:len(all)/2])
}

func fill() {
	all := []*block{}
	for i := 0; i < 8; i++ {
		all = append(all, new(block))
	}
	current = firstHalf(all)
}
