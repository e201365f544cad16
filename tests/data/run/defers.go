package main

import "errors"

func order() {
	for i := 0; i < 3; i++ {
		defer println("defer", i)
	}
	println("body")
}

func named() (r int, err error) {
	defer func() {
		if e := recover(); e != nil {
			r, err = -1, errors.New("recovered: "+e.(string))
		}
	}()
	defer func() { r *= 2 }()
	r = 21
	panic("boom")
}

func nested() {
	defer func() { println("outer recover:", recover().(string)) }()
	defer func() {
		defer func() { println("inner recover:", recover().(string)) }()
		panic("second")
	}()
	panic("first")
}

func replaced() {
	defer func() { println("got", recover().(string)) }()
	defer func() { panic("replacement") }()
	panic("original")
}

func helper() any { return recover() }

func notDirect() (s string) {
	defer func() {
		if v := recover(); v != nil {
			s = "direct " + v.(string)
		}
	}()
	defer func() {
		if helper() != nil {
			println("helper must not recover")
		}
	}()
	panic("x")
}

func runtimeErrors() {
	try := func(name string, f func()) {
		defer func() {
			e := recover()
			println(name, e.(error).Error())
		}()
		f()
	}
	var p *struct{ a, b int }
	var s []int
	var m map[string]int
	zero := 0
	var i any = "str"
	n := 5
	try("nil", func() { p.b = 1 })
	try("index", func() { s[n] = 1 })
	try("slice", func() { _ = s[n:] })
	try("slice2", func() { _ = "abc"[n:] })
	try("map", func() { m["a"] = 1 })
	try("div", func() { n /= zero })
	try("assert", func() { _ = i.(int) })
	try("assert2", func() { _ = i.(interface{ Foo() }) })
	try("conv", func() { _ = [4]int(s) })
	try("makeslice", func() { n = -1; _ = make([]int, n) })
	try("close", func() { var c chan int; close(c) })
	try("compare", func() { var a, b any = []int{1}, []int{1}; println(a == b) })
}

type T struct{ name string }

func (t T) Close()   { println("close value", t.name) }
func (t *T) CloseP() { println("close pointer", t.name) }

func methods() {
	t := T{"a"}
	defer t.Close()
	defer t.CloseP()
	t.name = "b"
}

func loopRecover() int {
	total := 0
	for i := range 100 {
		func() {
			defer func() {
				if recover() != nil {
					total += i
				}
			}()
			if i%3 == 0 {
				panic(i)
			}
		}()
	}
	return total
}

func deep(n int) {
	if n == 0 {
		panic("deep")
	}
	defer func() { n++ }()
	deep(n - 1)
}

func main() {
	order()
	r, err := named()
	println(r, err.Error())
	nested()
	replaced()
	println(notDirect())
	runtimeErrors()
	methods()
	println(loopRecover())
	func() {
		defer func() { println(recover().(string)) }()
		deep(1000)
	}()
	func() {
		defer func() {
			_, ok := recover().(error)
			println("nil panic is an error:", ok)
		}()
		panic(nil)
	}()
}
