// escape -at at.go:9:5
package at

type node struct{ next *node }

var sink *node

func chain() {
	a, b := node{}, node{}
	link(&a, &b)
}

//go:noinline
func link(x, y *node) {
	store(x, y)
}

//go:noinline
func store(x, y *node) {
	x.next = y
	sink = x
}
