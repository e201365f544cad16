package main

import (
	"fmt"
	"strings"
	"unsafe"
)

type Shape interface {
	Area() float64
	Name() string
}

type base struct{ name string }

func (b base) Name() string      { return b.name }
func (b *base) Rename(s string)  { b.name = s }

type Sq struct {
	base
	side float64
}

func (s Sq) Area() float64 { return s.side * s.side }

type Circ struct {
	*base
	r float64
}

func (c Circ) Area() float64 { return 3 * c.r * c.r }

type big struct {
	a [10]int
	s string
	m map[int]int
}

func (b big) sum() (t int) {
	for _, v := range b.a {
		t += v
	}
	return t + len(b.s) + len(b.m)
}

func modify(b big) big { b.a[0] = 99; b.s += "!"; return b }

func classify(v any) string {
	switch x := v.(type) {
	case nil:
		return "nil"
	case int, int64:
		return fmt.Sprintf("int-ish %v", x)
	case string:
		return "string of " + fmt.Sprint(len(x))
	case error:
		return "error " + x.Error()
	case []int:
		return fmt.Sprint("slice ", cap(x) >= len(x))
	case func() int:
		return fmt.Sprint("func ", x())
	case Shape:
		return "shape " + x.Name()
	case *int:
		return "ptr"
	default:
		return fmt.Sprintf("other %T", x)
	}
}

type Weekday int

const (
	Sun Weekday = iota
	Mon
	Tue
	_
	Thu
)

const (
	KB = 1 << (10 * (iota + 1))
	MB
)

func (d Weekday) String() string { return [...]string{"Sun", "Mon", "Tue", "Wed", "Thu"}[d] }

var (
	a = b + 1
	b = f()
	c = "init"
)

func f() int { return len(c) * 10 }

func init() { c += "1" }
func init() { c += "2" }

func evalOrder() {
	i := 0
	next := func() int { i++; return i }
	arr := []int{0, 0, 0, 0, 0}
	arr[next()], arr[next()] = next(), next()
	x, y := 1, 2
	x, y = y, x
	fmt.Println(arr, x, y)
	m := map[int]int{}
	i, m[i] = 5, 6
	fmt.Println(i, m[4], m[5])
}

func labels() (out []int) {
loop:
	for i := 0; ; i++ {
		switch {
		case i%2 == 0:
			continue loop
		case i > 8:
			break loop
		case i == 3:
			fallthrough
		case i == 100:
			out = append(out, -i)
		default:
			out = append(out, i)
		}
	}
	n := 0
again:
	n++
	if n < 3 {
		goto again
	}
	return append(out, n)
}

func main() {
	shapes := []Shape{Sq{base{"sq"}, 2}, Circ{&base{"circ"}, 1}, &Sq{base{"psq"}, 3}}
	for _, s := range shapes {
		fmt.Println(s.Name(), s.Area())
	}
	q := Sq{base{"x"}, 1}
	q.Rename("renamed")
	fmt.Println(q.Name(), shapes[0] == Shape(Sq{base{"sq"}, 2}), shapes[0] == shapes[1])
	var g big
	g.a[3] = 7
	h := modify(g)
	fmt.Println(g.sum(), h.sum(), g.a == h.a, h.s)
	arr := [3][2]int{{1, 2}, {3}, 2: {1: 9}}
	brr := arr
	brr[1][1] = 5
	fmt.Println(arr, brr, arr == brr, len(arr), arr != [3][2]int{})
	one := 1
	for _, v := range []any{nil, 1, int64(2), "abc", fmt.Errorf("e"), []int{1}, func() int { return 3 }, shapes[0], &one, 1.5, struct{}{}} {
		fmt.Println(classify(v))
	}
	fmt.Println(Mon, Thu, KB, MB, fmt.Sprintf("%d", Tue))
	fmt.Println(a, b, c)
	evalOrder()
	fmt.Println(labels())
	s := []int{1, 2, 3, 4, 5}
	t := s[1:3]
	u := s[1:3:3]
	t = append(t, 100)
	u = append(u, 200)
	fmt.Println(s, t, u, len(t), cap(t), cap(s[2:]), copy(s, s[2:]), s)
	p := (*[2]int)(s)
	p[0] = -1
	fmt.Println(s[0], [2]int(s))
	str := "héllo, 世界\xff!"
	for i, r := range str {
		fmt.Print(i, ":", string(r), " ")
	}
	fmt.Println(len(str), []rune(str)[1], []byte(str)[1], string([]rune{0x4e16, -1}), str[1:3])
	var sb strings.Builder
	for i := 3; i > 0; i-- {
		fmt.Fprintf(&sb, "%d...", i)
	}
	fmt.Println(sb.String(), sb.Len())
	type T struct {
		a bool
		b int64
		c bool
		d int32
		e string
	}
	fmt.Println(unsafe.Sizeof(T{}), unsafe.Offsetof(T{}.d), unsafe.Alignof(T{}.b), unsafe.Sizeof(shapes))
	var e1, e2 any = 1, 1.0
	fmt.Println(e1 == e2, e1 == any(1), e1 != nil)
	var np *Sq
	var ns Shape = np
	fmt.Println(ns == nil, ns != nil)
	ch := make(chan int, 3)
	ch <- 1
	ch <- 2
	close(ch)
	v, ok := <-ch
	fmt.Println(v, ok, len(ch), cap(ch))
	for v := range ch {
		fmt.Println(v)
	}
	v, ok = <-ch
	fmt.Println(v, ok)
	anon := struct {
		X, Y int
		In   struct{ Z string }
	}{1, 2, struct{ Z string }{"z"}}
	pa := &anon
	pa.In.Z += "w"
	fmt.Printf("%+v %v\n", anon, *pa)
	matrix := make([][]float64, 3)
	for i := range matrix {
		matrix[i] = make([]float64, 3)
		for j := range matrix[i] {
			matrix[i][j] = float64(i*j) / 2
		}
	}
	fmt.Println(matrix)
	if x, err := fmt.Sscanf("10-abc", "%d-%s", new(int), new(string)); err == nil {
		fmt.Println("scanned", x)
	}
	println("stderr")
}
