// An access to memory that is not there by a long copy, while other goroutines run.
package main

import (
	"fmt"
	"unsafe"
)

//go:noinline
func move(to []byte, from *byte) int {
	return copy(to, unsafe.Slice(from, len(to)))
}

func main() {
	defer func() { fmt.Println("not reached:", recover()) }()
	for range 3 {
		go func() {
			for {
			}
		}()
	}
	bad := uintptr(0x1_0000_2340)
	fmt.Println(move(make([]byte, 1<<20), (*byte)(unsafe.Pointer(bad))))
}
