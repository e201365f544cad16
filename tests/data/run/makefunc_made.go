package main

import (
	"fmt"
	"reflect"
	"sync"
)

type big struct{ a, b, c, d, e int }

func main() {
	var wg sync.WaitGroup
	res := make([]string, 8)
	for k := 0; k < 8; k++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			s := ""
			for i := 0; i < 6; i++ {
				in := []reflect.Type{reflect.TypeFor[int](), reflect.TypeFor[string](), reflect.TypeFor[*int](), reflect.TypeFor[big](), reflect.TypeFor[float32]()}[:1+i%5]
				at := reflect.ArrayOf(10+i+k, reflect.TypeFor[byte]())
				in = append(in, at)
				out := []reflect.Type{reflect.SliceOf(at), reflect.TypeFor[big](), reflect.TypeFor[float64]()}
				ft := reflect.FuncOf(in, out, false)
				f := reflect.MakeFunc(ft, func(a []reflect.Value) []reflect.Value {
					sl := reflect.MakeSlice(out[0], 3, 3)
					sl.Index(1).Set(a[len(a)-1])
					return []reflect.Value{sl, reflect.ValueOf(big{1, 2, 3, len(a), int(a[0].Int())}), reflect.ValueOf(2.5)}
				})
				n := 7
				args := []reflect.Value{reflect.ValueOf(i*k), reflect.ValueOf("s"), reflect.ValueOf(&n), reflect.ValueOf(big{5, 4, 3, 2, 1}), reflect.ValueOf(float32(1.5))}[:1+i%5]
				arr := reflect.New(at).Elem()
				arr.Index(2).SetUint(uint64(i + k))
				args = append(args, arr)
				r := f.Call(args)
				s += fmt.Sprint(r[0].Len(), r[0].Index(1).Index(2), r[1], r[2], " ")
			}
			res[k] = s
		}()
	}
	wg.Wait()
	for _, s := range res {
		fmt.Println(s)
	}
}
