// A short string that is a part of a long one keeps the long one alive; strings.Clone lets it go.
package main

import (
	"fmt"
	"runtime"
	"strings"
)

func load() string { return strings.Repeat("x", 1<<20) }

func heapMiB() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc >> 20
}

func main() {
	base := heapMiB()
	var titles []string
	for range 32 {
		titles = append(titles, load()[:50])
	}
	fmt.Println("MiB kept by 32 titles cut out:", heapMiB()-base)
	for i := range titles {
		titles[i] = strings.Clone(titles[i])
	}
	fmt.Println("MiB kept by 32 titles copied:", heapMiB()-base)
	runtime.KeepAlive(titles)
}
