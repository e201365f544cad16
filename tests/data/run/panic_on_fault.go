// A fault is a panic if SetPanicOnFault says so; who recovers goes on with all variables.
package main

import (
	"fmt"
	"runtime/debug"
	"syscall"
	"unsafe"
)

type addressable interface{ Addr() uintptr }

func try(m []byte, i int) (n int, err error) {
	n = 7
	defer func() {
		if r := recover(); r != nil {
			a := r.(addressable)
			err = fmt.Errorf("%v at offset %#x", r, a.Addr()-uintptr(unsafe.Pointer(&m[0])))
		}
	}()
	n = 8
	m[i] = 1
	return 9, nil
}

//go:noinline
func outer(m []byte, k int) string {
	s := ""
	x, y, z := k*2, k*3, float64(k)/2
	for i := range 3 {
		n, err := try(m, 100*(i+k))
		s += fmt.Sprint(n, " ", err, " ", x, y, z, i, "; ")
	}
	return s
}

func main() {
	m, err := syscall.Mmap(-1, 0, 0x1000, syscall.PROT_READ, syscall.MAP_SHARED|syscall.MAP_ANON)
	if err != nil {
		panic(err)
	}
	old := debug.SetPanicOnFault(true)
	fmt.Println(old)
	for k := range 3 {
		fmt.Println(outer(m, k))
	}
	fmt.Println(debug.SetPanicOnFault(false))
}
