// Somebody waits in the network poller although the only other goroutine went into a system call after all idle threads had gone to sleep.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
)

func main() {
	for procs := 1; procs <= 4; procs++ {
		runtime.GOMAXPROCS(procs)
		r, w, _ := os.Pipe()
		child := exec.Command("sh", "-c", "sleep 0.2; echo x >&3")
		child.ExtraFiles = []*os.File{w}
		if err := child.Start(); err != nil {
			fmt.Println(err)
			return
		}
		w.Close()
		var blocking [2]int
		syscall.Pipe2(blocking[:], syscall.O_CLOEXEC)
		go func() {
			var b [8]byte
			n, _ := r.Read(b[:])
			syscall.Write(blocking[1], b[:n])
		}()
		for range 10 {
			runtime.Gosched()
		}
		// Returns only when the other goroutine has been woken.
		var b [8]byte
		n, err := syscall.Read(blocking[0], b[:])
		fmt.Printf("%d %q %v\n", procs, b[:n], err)
		child.Wait()
	}
}
