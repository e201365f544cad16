// Rows of a table name one of a few places each; every name is a string of its own.
package main

import (
	"fmt"
	"strings"
)

type row struct {
	place string
	n     int
}

var rows []row

func read(line string) row {
	var r row
	var place string
	fmt.Sscan(line, &place, &r.n)
	r.place = strings.ToUpper(place)
	return r
}

func main() {
	for i := 0; i < 5000; i++ {
		rows = append(rows, read(fmt.Sprintf("the_town_at_the_end_of_the_road_%d %d", i%7, i)))
	}
	fmt.Println(len(rows))
}
