// How many objects each construct costs.
package main

import (
	"fmt"
	"testing"
)

var (
	sinkAny    any
	sinkInts   []int
	sinkText   string
	sinkFunc   func() int
	four, five = 4, 5
	short      = "0123456789012345678901234567890"
	raw        = []byte("0123456789")
	index      = map[string]int{"0123456789": 1}
)

type pair struct{ a, b int }

//go:noinline
func length(b []byte) int { return len(b) }

//go:noinline
func write(b []byte) { b[0] = 'x' }

//go:noinline
func grow(n int) []int {
	var s []int
	for i := range n {
		s = append(s, i)
	}
	return s
}

//go:noinline
func local(n int) int {
	var s []int
	for i := range n {
		s = append(s, i)
	}
	return len(s)
}

//go:noinline
func table(n int) int {
	m := map[int]int{}
	for i := range n {
		m[i] = i
	}
	return len(m)
}

//go:noinline
func sized(n int) int {
	b := make([]int, n)
	return len(b)
}

//go:noinline
func closures(n int) func() int {
	x, y := n, n+1
	return func() int { x++; y++; return x + y }
}

func measure(what string, f func()) { fmt.Println(what, testing.AllocsPerRun(100, f)) }

func main() {
	measure("make 4 ints", func() { sized(four) })
	measure("make 5 ints", func() { sized(five) })
	measure("grow 4 locally", func() { local(4) })
	measure("grow 9 locally", func() { local(9) })
	measure("grow 4 and return", func() { sinkInts = grow(4) })
	measure("grow 9 and return", func() { sinkInts = grow(9) })
	measure("map of 8", func() { table(8) })
	measure("map of 9", func() { table(9) })
	measure("bytes that are read", func() { length([]byte(short + "x" + short)) })
	measure("bytes of a string that are read", func() { length([]byte(short)) })
	measure("bytes that are written", func() { write([]byte(short)) })
	measure("short concatenation", func() { t := short + "x"; _ = t[four] })
	measure("long concatenation", func() { t := short + short; sinkText = t })
	measure("lookup by bytes", func() { _ = index[string(raw)] })
	measure("comparison of bytes", func() { _ = string(raw) == short })
	measure("constant pair as any", func() { p := pair{1, 2}; sinkAny = p })
	measure("byte as any", func() { sinkAny = raw[0] })
	measure("small int as any", func() { sinkAny = four })
	measure("pair as any", func() { sinkAny = pair{four, five} })
	measure("two variables of a closure", func() { sinkFunc = closures(four) })
}
