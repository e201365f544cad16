package main

type counter struct{ n int }

func (c *counter) inc() int { c.n++; return c.n }
func (c counter) get() int  { return c.n }

func adders() []func(int) int {
	var fs []func(int) int
	for i := 0; i < 4; i++ {
		fs = append(fs, func(x int) int { i += 10; return x + i })
	}
	return fs
}

func fibgen() func() int {
	a, b := 0, 1
	return func() int {
		r := a
		a, b = b, a+b
		return r
	}
}

func apply(f func(...int) int, xs ...int) int { return f(xs...) }

type op func(int, int) int

func (o op) twice(a, b int) int { return o(o(a, b), b) }

func main() {
	for _, f := range adders() {
		println(f(1), f(1))
	}
	g := fibgen()
	for i := 0; i < 10; i++ {
		print(g(), " ")
	}
	println()
	c := counter{5}
	inc, get := c.inc, c.get
	inc()
	inc()
	println(c.n, get(), c.get())
	println(apply(func(xs ...int) int {
		s := 0
		for _, x := range xs {
			s += x
		}
		return s
	}, 1, 2, 3))
	println(op(func(a, b int) int { return a*b + 1 }).twice(3, 4))
	mexpr := (*counter).inc
	vexpr := counter.get
	println(mexpr(&c), vexpr(c))
	var rec func(int) int
	rec = func(n int) int {
		if n == 0 {
			return 0
		}
		return n + rec(n-1)
	}
	println(rec(100))
	x := 1
	func() {
		x := x
		x++
		func() { x += 100 }()
		println("inner", x)
	}()
	println("outer", x)
	var iface interface{ inc() int } = &c
	m := iface.inc
	println(m(), c.n)
}
