// A short string that is a part of a long one keeps the long one alive; strings.Clone lets it go.
package main

import (
	"fmt"
	"runtime"
	"strings"
)

func load() string { return strings.Repeat("x", 1<<20) }

var base uint64

// kept is the growth of the heap since the first call, to the nearest MiB.
func kept() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	if base == 0 {
		base = m.HeapAlloc
	}
	return (m.HeapAlloc - min(base, m.HeapAlloc) + 1<<19) >> 20
}

// titles cuts a title out of each of n pages.
func titles(n int) (list []string) {
	for range n {
		list = append(list, load()[:50])
	}
	return list
}

func main() {
	kept()
	list := titles(32)
	fmt.Println("MiB kept by 32 titles cut out:", kept())
	for i := range list {
		list[i] = strings.Clone(list[i])
	}
	fmt.Println("MiB kept by 32 titles copied:", kept())
	runtime.KeepAlive(list)
}
