package main

import "os"

func main() {
	a := make([]int, len(os.Args))
	i := 5
	a[i] = 1
}
