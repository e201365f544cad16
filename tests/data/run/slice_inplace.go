// Slices that are assigned to themselves: cut, appended to, with everything that could make the short form wrong.
package main

import (
	"fmt"
	"runtime"
)

type list struct {
	head  int
	items []*int
	text  []byte
	words []string
	next  *list
}

type tree struct {
	kids []tree
	val  int
}

type any3 struct{ list []any }

var global []*int
var globals [3][]int

func p(n int) *int { return &n }

func ints(l []*int) (s []int) {
	for _, i := range l {
		s = append(s, *i)
	}
	return
}

//go:noinline
func grow(l *list, n int) {
	for i := 0; i < n; i++ {
		l.items = append(l.items, p(i))
		l.text = append(l.text, byte('a'+i%26), byte('A'+i%26))
		l.words = append(l.words, fmt.Sprint(i))
		global = append(global, l.items[len(l.items)-1])
		if i%7 == 3 {
			runtime.GC()
		}
	}
}

//go:noinline
func cut(l *list, n int) {
	l.items = l.items[:n]
	l.text = l.text[0:n]
	l.words = l.words[:n:n]
}

func check(name string, f func()) {
	defer func() { fmt.Println(name, recover()) }()
	f()
}

// replaced puts another slice into the variable while the argument is computed.
func replaced(l *list) *int {
	l.items = []*int{p(100)}
	return p(101)
}

func limit(l *list) int {
	l.items = []*int{p(1), p(2), p(3)}
	return 2
}

func main() {
	l := &list{}
	grow(l, 40)
	fmt.Println(ints(l.items), string(l.text), l.words, len(global))
	keep := l.items
	cut(l, 5)
	fmt.Println(len(l.items), cap(l.items) == cap(keep), len(l.text), len(l.words), cap(l.words))
	l.words = append(l.words, "x", "y")
	fmt.Println(l.words, cap(l.words) >= 7)
	l.items = append(l.items, p(77))
	fmt.Println(*keep[5], ints(l.items))

	// Out of range: the variable keeps its value.
	n := 1000
	check("cap", func() { l.items = l.items[:n] })
	check("max", func() { l.words = l.words[:2:n] })
	check("order", func() { l.words = l.words[: n/300 : n/500] })
	fmt.Println(len(l.items), len(l.words))
	var none *list
	check("nil", func() { none.items = none.items[:0] })
	check("nil append", func() { none.items = append(none.items, nil) })

	// Arguments that change or mention the variable.
	l.items = append(l.items, replaced(l))
	fmt.Println(ints(l.items))
	l.items = l.items[:limit(l)]
	fmt.Println(ints(l.items))
	l.items = append(l.items, l.items[0], l.items[1])
	fmt.Println(ints(l.items), *l.items[2])
	l.text = append(l.text, l.text...)
	l.text = append(l.text, string(l.text[:3])...)
	fmt.Println(string(l.text))

	// An element that holds the slice itself.
	u := &tree{val: 1}
	u.kids = append(u.kids, *u, *u)
	u.kids = append(u.kids, *u)
	fmt.Println(len(u.kids), len(u.kids[0].kids), len(u.kids[2].kids))
	var a any3
	for i := 0; i < 5; i++ {
		a.list = append(a.list, i, a.list)
	}
	fmt.Println(len(a.list), len(a.list[9].([]any)))

	// Elements, globals, strings, closures, arrays.
	table := make([][]int, 4)
	for i := 0; i < 20; i++ {
		k := i % 4
		table[k] = append(table[k], i)
		globals[i%3] = append(globals[i%3], i)
	}
	table[2] = table[2][:3]
	table[3] = table[3][1:]
	fmt.Println(table, globals)
	for i := range table {
		table[i] = append(table[i], table[(i+1)%4]...)
	}
	fmt.Println(table)
	s := "hello, world"
	ps := &s
	*ps = (*ps)[:5]
	fmt.Println(s, len(*ps))
	var captured []int
	add := func(i int) { captured = append(captured, i); captured = captured[:len(captured)] }
	for i := 0; i < 10; i++ {
		add(i)
	}
	fmt.Println(captured)
	one := [1][]int{{1}}
	one[0] = append(one[0], 2)
	one[0] = one[0][:1]
	fmt.Println(one)
	q := &[2][]int{}
	q[1] = append(q[1], 3, 4)
	q[1] = q[1][:1]
	fmt.Println(*q)
	m := map[string][]int{}
	m["a"] = append(m["a"], 1)
	m["a"] = m["a"][:0]
	fmt.Println(m)
	l.next = &list{head: 9}
	l.next.words = append(l.next.words, l.words...)
	l.next.words = append(l.next.words, make([]string, 3)...)
	fmt.Println(len(l.next.words), l.next.head)
	var gone []int
	pg := &gone
	*pg = append(*pg, nil...)
	*pg = append(*pg)
	fmt.Println(gone == nil)
}
