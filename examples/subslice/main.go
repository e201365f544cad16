// A slice of a few elements keeps the whole array; slices.Clone lets it go. Elements cut off at the end are kept as well, until cleared.
package main

import (
	"fmt"
	"runtime"
	"slices"
)

var base uint64

// kept is the growth of the heap since the first call in MiB, to the nearest multiple of 4: what else lives does not matter.
func kept() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	if base == 0 {
		base = m.HeapAlloc
	}
	return (m.HeapAlloc - min(base, m.HeapAlloc) + 2<<20) >> 22 << 2
}

func main() {
	kept()
	file := make([]byte, 16<<20)
	header := file[:16]
	file = nil
	fmt.Println("MiB behind a header of 16 bytes:", kept())
	header = slices.Clone(header)
	fmt.Println("MiB after copying it:", kept())

	blocks := make([]*[1 << 20]byte, 16)
	for i := range blocks {
		blocks[i] = new([1 << 20]byte)
	}
	all := blocks
	blocks = blocks[:2]
	fmt.Println("MiB behind 2 blocks of 16:", kept())
	clear(all[2:])
	fmt.Println("MiB after clearing the rest:", kept())
	runtime.KeepAlive(blocks)
	runtime.KeepAlive(header)
}
