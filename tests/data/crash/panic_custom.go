package main

type S struct{ a, b int }
type N int

func main() {
	defer func() {
		recover()
		defer panic(N(7))
		panic(3.5)
	}()
	panic(S{1, 2})
}
