// Deferred calls run when the function returns, not when the loop goes round: what they refer to is kept until then.
package main

import "fmt"

type file struct{ name string }

var open int

func openFile(name string) *file {
	open++
	return &file{name}
}

func (f *file) close() { open-- }

func readAll(n int) (peak int) {
	for i := range n {
		f := openFile(fmt.Sprint("file", i))
		defer f.close()
		peak = max(peak, open)
	}
	return peak
}

func readOne(i int) int {
	f := openFile(fmt.Sprint("file", i))
	defer f.close()
	return open
}

func main() {
	fmt.Println("open at once, defer in the loop:", readAll(500))
	peak := 0
	for i := range 500 {
		peak = max(peak, readOne(i))
	}
	fmt.Println("open at once, defer in a function per file:", peak)
	fmt.Println("open at the end:", open)
}
