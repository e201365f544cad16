// Loops with deferred calls are left in every way.
package main

import (
	"errors"
	"fmt"
	"os"
	"sync"
)

func sum(names []string) (int, string) {
	total := 0
	for _, n := range names {
		f, err := os.Open(n)
		if err != nil {
			continue
		}
		defer f.Close() // LEAK defer/loop
		st, _ := f.Stat()
		if st.IsDir() {
			return 0, "dir"
		}
		if st.Size() == 0 {
			return -1, fmt.Sprint("empty")
		}
		total += len(n)
	}
	return total, ""
}

func has(names []string) bool {
	for _, n := range names {
		f, err := os.Open(n)
		if err == nil {
			defer f.Close()
			return true
		}
		g, _ := os.Open("/etc/passwd")
		defer g.Close() // LEAK defer/loop
	}
	return false
}

func brk(names []string) {
	var mu sync.Mutex
outer:
	for _, n := range names {
		mu.Lock()
		defer mu.Unlock() // LEAK defer/loop
		switch n {
		case "b":
			break outer
		case "c":
			continue outer
		}
		for range 3 {
			break
		}
		_ = n
		if len(n) == 1 {
			break
		}
	}
}

func mixed(names []string) error {
	for _, n := range names {
		f, err := os.Open(n)
		if err != nil {
			return err
		}
		defer f.Close() // LEAK defer/loop
		if n == "x" {
			return nil
		}
	}
	return errors.New("end")
}

func main() {
	fmt.Println(sum([]string{"/etc/passwd", "/none", "/etc/hostname"}))
	fmt.Println(sum([]string{"/etc"}))
	fmt.Println(has([]string{"/none", "/etc"}), mixed([]string{"/etc/passwd", "/none"}))
	brk([]string{"a"})
	brk([]string{"b", "long"})
}
