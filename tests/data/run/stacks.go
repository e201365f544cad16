package main

import "fmt"

type frame struct {
	pad  [20]int
	self *frame
	up   *frame
}

// Pointers into the stack must follow it when it moves.
func walk(n int, up *frame) int {
	var f frame
	f.self = &f
	f.up = up
	for i := range f.pad {
		f.pad[i] = n + i
	}
	if n > 0 {
		if r := walk(n-1, &f); r < 0 {
			return r
		}
	}
	sum := 0
	for g := &f; g != nil; g = g.up {
		if g.self != g {
			return -1
		}
		sum += g.pad[3] - g.pad[0] - 3
		if g.up != nil && g.up.pad[0] != g.pad[0]+1 {
			return -2
		}
	}
	return sum
}

func iface(n int, s fmt.Stringer) string {
	var buf [64]byte
	buf[n%64] = byte(n)
	if n == 0 {
		return s.String()
	}
	r := iface(n-1, s)
	if buf[n%64] != byte(n) {
		return "corrupt"
	}
	return r
}

type name string

func (n *name) String() string { return string(*n) }

func sum(n int) int {
	if n == 0 {
		return 0
	}
	return n + sum(n-1)
}

func multi(n int) (int, string, []int) {
	if n == 0 {
		return 1, "s", nil
	}
	a, s, xs := multi(n - 1)
	if n%100 == 0 {
		xs = append(xs, a)
		s += "."
	}
	return a + 1, s, xs
}

func main() {
	fmt.Println(walk(3000, nil))
	n := name("still here")
	fmt.Println(iface(5000, &n))
	fmt.Println(sum(1_000_000))
	a, s, xs := multi(1000)
	fmt.Println(a, s, xs)
	done := make(chan int)
	for i := range 4 {
		go func() { done <- walk(200*i, nil) }()
	}
	t := 0
	for range 4 {
		t += <-done
	}
	fmt.Println(t)
}
