// Functions that promise not to allocate, and break the promise.
package main

import "fmt"

type point struct{ x, y int }

//tuza:noalloc
func moved(n int) *point {
	p := point{n, n} // LEAK alloc/noalloc
	q := &p
	return q
}

//tuza:noalloc
func formatted(n int) string {
	return fmt.Sprint(n) // LEAK alloc/noalloc
}

func grow(xs []int, v int) []int { return append(xs, v) }

//tuza:noalloc
func inlined(xs []int) []int {
	return grow(xs, 1) // LEAK alloc/noalloc
}

//tuza:noalloc
func unknown(f func()) {
	f() // LEAK alloc/noalloc
}

//tuza:noalloc
func joined(a, b string) string {
	return a + b // LEAK alloc/noalloc
}

func main() {
	fmt.Println(moved(1), formatted(2), inlined(nil), joined("a", "b"))
	unknown(func() {})
}

//tuza:noalloc // LEAK alloc/noalloc
var promised int
