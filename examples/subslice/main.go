// A slice of a few elements keeps the whole array; slices.Clone lets it go. Elements cut off at the end are kept as well, until cleared.
package main

import (
	"fmt"
	"runtime"
	"slices"
)

func heapMiB() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc >> 20
}

func main() {
	base := heapMiB()
	file := make([]byte, 16<<20)
	header := file[:16]
	file = nil
	fmt.Println("MiB behind a header of 16 bytes:", heapMiB()-base)
	header = slices.Clone(header)
	fmt.Println("MiB after copying it:", heapMiB()-base)

	blocks := make([]*[1 << 20]byte, 16)
	for i := range blocks {
		blocks[i] = new([1 << 20]byte)
	}
	all := blocks
	blocks = blocks[:2]
	fmt.Println("MiB behind 2 blocks of 16:", heapMiB()-base)
	clear(all[2:])
	fmt.Println("MiB after clearing the rest:", heapMiB()-base)
	runtime.KeepAlive(blocks)
	runtime.KeepAlive(header)
}
