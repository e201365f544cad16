//go:debug panicnil=1

// Settings of GODEBUG that a program is built with, and changes while it runs; labels of goroutines in tracebacks; cleanups that keep their own object.
package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"runtime/metrics"
	"runtime/pprof"
	"strings"
)

func events(name string) uint64 {
	s := []metrics.Sample{{Name: "/godebug/non-default-behavior/" + name + ":events"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

func try(f func()) {
	defer func() { fmt.Printf("%T %v\n", recover(), events("panicnil")) }()
	f()
}

type node struct {
	next *node
	n    int
}

func main() {
	pprof.SetGoroutineLabels(pprof.WithLabels(context.Background(), pprof.Labels("b", "plain/1.0", "a b", "é\n\x00")))
	buf := make([]byte, 4096)
	first, _, _ := strings.Cut(string(buf[:runtime.Stack(buf, false)]), "\n")
	fmt.Println(first)
	os.Setenv("GODEBUG", "tracebacklabels=0")
	first, _, _ = strings.Cut(string(buf[:runtime.Stack(buf, false)]), "\n")
	fmt.Println(first)
	os.Unsetenv("GODEBUG")

	try(func() { panic(nil) })
	os.Setenv("GODEBUG", "panicnil=0")
	try(func() { panic(nil) })
	os.Setenv("GODEBUG", "panicnil=0,panicnil=1")
	try(func() { panic(nil) })
	os.Unsetenv("GODEBUG")
	try(func() { panic(nil) })

	v := &node{n: 1}
	try(func() { runtime.AddCleanup(v, func(int) { fmt.Println(v.n) }, 0) })
	try(func() { runtime.AddCleanup(v, func(*int) {}, &v.n) })
	try(func() { runtime.AddCleanup(v, func(int) {}, 0).Stop() })
}
