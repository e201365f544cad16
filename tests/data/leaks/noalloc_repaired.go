// The same promises, kept: results go into memory of the caller, values stay on the stack.
package main

import (
	"fmt"
	"strings"
)

type point struct{ x, y int }

func newPoint(n int) *point { return &point{n, n} }

//tuza:noalloc
func sum(n int) int {
	p := newPoint(n) // inlined: stays on the stack
	return p.x + p.y
}

//tuza:noalloc
func digits(into []byte, n int) int {
	i := len(into)
	for ; n > 0 && i > 0; n /= 10 {
		i--
		into[i] = byte('0' + n%10)
	}
	return i
}

//tuza:noalloc
func lookup(m map[string]int, key []byte) int { return m[string(key)] }

//tuza:noalloc
func search(s string) bool { return strings.HasPrefix(s, "a") && strings.Index(s, "needle") > 0 }

func main() {
	var buf [20]byte
	i := digits(buf[:], 1234)
	fmt.Println(sum(1), string(buf[i:]), lookup(map[string]int{"a": 1}, []byte("a")), search("a needle"))
}
