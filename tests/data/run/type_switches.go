// Type switches of many concrete types, of types mixed with interfaces and nil, and of cases that a generic instance makes equal.
package main

import (
	"errors"
	"fmt"
)

type (
	point  struct{ x, y int }
	named  int
	fn     func() int
	list   []int
	lookup map[string]int
	pipe   chan int
)

func (n named) Error() string   { return fmt.Sprint("named ", int(n)) }
func (p *point) String() string { return fmt.Sprint("at ", p.x, " ", p.y) }

func kind(v any) string {
	switch v := v.(type) {
	case bool:
		return fmt.Sprint("bool ", v)
	case int:
		return fmt.Sprint("int ", v)
	case int8, int16, int32, int64:
		return fmt.Sprintf("sized %T %v", v, v)
	case uint:
		return fmt.Sprint("uint ", v)
	case uint8:
		return fmt.Sprint("uint8 ", v)
	case float32:
		return fmt.Sprint("float32 ", v)
	case float64:
		return fmt.Sprint("float64 ", v)
	case complex128:
		return fmt.Sprint("complex ", v)
	case string:
		return "string " + v
	case point:
		return fmt.Sprint("point ", v.x+v.y)
	case named:
		return fmt.Sprint("named ", int(v))
	case *point:
		return "pointer " + v.String()
	case list:
		return fmt.Sprint("list ", len(v))
	case lookup:
		return fmt.Sprint("lookup ", len(v))
	case pipe:
		return fmt.Sprint("pipe ", cap(v))
	case fn:
		return fmt.Sprint("fn ", v())
	case [3]int:
		return fmt.Sprint("array ", v)
	case struct{ a, b string }:
		return v.a + v.b
	case nil:
		return "nil"
	}
	return fmt.Sprintf("other %T", v)
}

// mixed has an interface between the runs of concrete types: the first that matches wins.
func mixed(v any) string {
	switch v := v.(type) {
	case int, string, bool, float64, uint8:
		return fmt.Sprintf("plain %v", v)
	case error:
		return "error " + v.Error()
	case named, point, list, lookup, pipe:
		return fmt.Sprintf("ours %T", v)
	case fmt.Stringer:
		return "stringer " + v.String()
	case *point, *named, *int, *string, *bool:
		return "pointer"
	default:
		return "none"
	}
}

func same[A, B, C, D, E any](v any) string {
	switch v.(type) {
	case A:
		return "A"
	case B:
		return "B"
	case C:
		return "C"
	case D:
		return "D"
	case E:
		return "E"
	}
	return "-"
}

func errorKind(err error) int {
	switch err.(type) {
	case nil:
		return 0
	case named:
		return 1
	case *wrapped[int]:
		return 2
	case *wrapped[string]:
		return 3
	case *wrapped[point]:
		return 4
	case *wrapped[named]:
		return 5
	case interface{ Unwrap() error }:
		return 6
	}
	return 7
}

type wrapped[T any] struct{ v T }

func (w *wrapped[T]) Error() string { return fmt.Sprint(w.v) }

func main() {
	n, s := named(3), "s"
	values := []any{
		true, 1, int8(2), int16(3), int32(4), int64(5), uint(6), uint8(7), uint16(8), float32(1.5), 2.5, complex(1, 2), "text",
		point{1, 2}, named(9), &point{3, 4}, list{1, 2}, lookup{"a": 1}, make(pipe, 3), fn(func() int { return 42 }), [3]int{1, 2, 3},
		struct{ a, b string }{"x", "y"}, nil, [4]int{}, struct{ a, c string }{}, &n, &s, []int{1}, map[string]int{}, (*int)(nil), errors.New("plain"),
	}
	for _, v := range values {
		fmt.Println(kind(v), "|", mixed(v), "|", same[int, string, int, point, any](v), same[string, int, point, named, *point](v))
	}
	for _, err := range []error{nil, named(1), &wrapped[int]{}, &wrapped[string]{}, &wrapped[point]{}, &wrapped[named]{}, fmt.Errorf("%w", named(1)), errors.New("x")} {
		fmt.Print(errorKind(err), " ")
	}
	fmt.Println()
}
