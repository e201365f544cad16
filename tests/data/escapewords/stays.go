// escape -at stays.go:6
package stays

func sum() int {
	total := 0
	values := []int{1, 2, 3}
	for _, v := range values {
		total += v
	}
	return total
}
