// The loop's body is a function: each file is closed at the end of its round.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
)

func writeAll(dir string, names []string) error {
	for _, name := range names {
		if err := func() error {
			f, err := os.Create(filepath.Join(dir, name))
			if err != nil {
				return err
			}
			defer f.Close()
			if _, err = f.WriteString(name); err != nil {
				return err
			}
			return nil
		}(); err != nil {
			return err
		}
	}
	return nil
}

func count(names []string) (n int) {
	var mu sync.RWMutex
	for i := range names {
		mu.RLock()
		n += len(names[i])
		mu.RUnlock()
	}
	for i := 0; i < 3; i++ {
		defer fmt.Print("")
	}
	return n
}

func main() {
	dir, err := os.MkdirTemp("", "many")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	var names []string
	for i := 0; i < 200; i++ {
		names = append(names, fmt.Sprint(i))
	}
	fmt.Println(writeAll(dir, names), count(names))
}
