// Files stay open until all are written.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
)

func writeAll(dir string, names []string) error {
	for _, name := range names {
		f, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		defer f.Close() // LEAK defer/loop
		if _, err = f.WriteString(name); err != nil {
			return err
		}
	}
	return nil
}

func count(names []string) (n int) {
	var mu sync.RWMutex
	for i := range names {
		if names[i] == "" {
			continue
		}
		mu.RLock()
		defer mu.RUnlock() // LEAK defer/loop
		n += len(names[i])
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
