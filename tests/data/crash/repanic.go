package main

import "fmt"

func main() {
	defer func() {
		e := recover()
		panic(fmt.Sprint("again: ", e))
	}()
	panic("once")
}
