// Strings, bytes and appends: buffers, conversions without copy, slices that leave at one place.
package main

import "fmt"

func count(b []byte) (n int) {
	for _, c := range b {
		if c == 'a' {
			n++
		}
	}
	return n
}

func zero(b []byte) { b[0] = 0 }

func text(a, b string, raw []byte, r rune) int {
	n := count([]byte(a))
	zero([]byte(b))
	s := a + "-" + b
	t := string(raw) + s
	if string(raw) == a {
		n++
	}
	u := []rune(a)
	return n + len(s) + len(t) + len(u) + len(string(r))
}

func out(a, b string) string { return a + b }

func numbers(n int) []int {
	var list []int
	for i := range n {
		list = append(list, i)
	}
	return list
}

func sum(n int) (total int) {
	var list []int
	for i := range n {
		list = append(list, i)
	}
	for i := 0; i < len(list); i++ {
		total += list[i]
	}
	return total
}

func hex(b byte) string {
	const digits = "0123456789abcdef"
	var table [256]int
	x := [2]byte{digits[b>>4], digits[b&15]}
	if table[b] == 1 {
		return ""
	}
	return string(x[:])
}

func main() {
	fmt.Println(text("abc", "def", []byte("abc"), 'x'), out("a", "b"), numbers(3), sum(4), hex(0xa5))
}
