// An access to memory that is not there, in a function that has called nothing yet.
package main

import (
	"fmt"
	"unsafe"
)

//go:noinline
func read(p *[4]int, i int) int {
	sum := 0
	for k := range p[:i] {
		sum += p[k]
	}
	return sum
}

func main() {
	defer func() { fmt.Println("not reached:", recover()) }()
	bad := uintptr(0x1_0000_2340)
	fmt.Println(read((*[4]int)(unsafe.Pointer(bad)), 3))
}
