// The parts are copied: what is remembered is as large as it looks.
package main

import (
	"fmt"
	"io"
	"strings"
)

var seen []string

func load(r io.Reader) string {
	body, err := io.ReadAll(r)
	if err != nil {
		return ""
	}
	return string(body)
}

func remember(r io.Reader) {
	s := load(r)
	seen = append(seen, strings.Clone(s[:50]))
}

type cache struct{ titles map[string]string }

var titles = &cache{titles: map[string]string{}}

func (c *cache) put(key, page string) {
	c.titles[key] = string([]byte(page[:20]))
}

func main() {
	for i := 0; i < 64; i++ {
		remember(strings.NewReader(strings.Repeat("x", 1<<20)))
	}
	titles.put("home", strings.Repeat("<title>home</title>..", 1<<16))
	fmt.Println(len(seen), len(seen[0]), len(titles.titles["home"]))
}
