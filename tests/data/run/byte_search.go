// Searches for a byte in every length up to 80, at every place, with the byte also right before and behind the searched part, and with a second
// one in it.
package main

import (
	"bytes"
	"fmt"
	"strings"
)

func main() {
	searched, wrong := 0, 0
	for n := 0; n <= 80; n++ {
		for before := 0; before < 3; before++ {
			for at := -1; at < n; at++ {
				all := bytes.Repeat([]byte{'c'}, before+n+20)
				part := all[before : before+n]
				for i := range part {
					part[i] = 'x'
				}
				if at >= 0 {
					part[at] = 'c'
					if at+2 < n {
						part[at+2] = 'c'
					}
				}
				searched++
				if bytes.IndexByte(part, 'c') != at || strings.IndexByte(string(part), 'c') != at {
					wrong++
				}
			}
		}
	}
	fmt.Println("searched", searched, "wrong", wrong)
}
