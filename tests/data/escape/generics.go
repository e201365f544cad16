// Instances are reported once per shape.
package main

import "slices"

type list[T any] struct{ head *cell[T] }

type cell[T any] struct {
	value T
	next  *cell[T]
}

func (l *list[T]) push(v T) { l.head = &cell[T]{v, l.head} }

func (l *list[T]) all() func(func(T) bool) {
	return func(yield func(T) bool) {
		for c := l.head; c != nil; c = c.next {
			if !yield(c.value) {
				return
			}
		}
	}
}

type stringer interface{ String() string }
type name string

func (n name) String() string { return string(n) }

func show[S stringer](list []S) (all []string) {
	for _, s := range list {
		all = append(all, s.String())
	}
	return all
}

func first[T any](l *list[T]) (v T) {
	for x := range l.all() {
		return x
	}
	return v
}

func main() {
	var a list[int]
	var b list[*int]
	var c list[*string]
	a.push(1)
	b.push(new(int))
	c.push(new(string))
	println(first(&a), *first(&b), len(*first(&c)))
	all := show([]name{"b", "a"})
	slices.Sort(all)
	println(all[0])
}
