package runtime

import _ "unsafe"

// os/signal. Its goroutine waits in what the scheduler takes for a system call.

func sigwait() uint32
func sigidle() bool
func entersyscall()
func exitsyscall()

//go:linkname signal_recv os/signal.signal_recv
func signal_recv() uint32 {
	for {
		entersyscall()
		sig := sigwait()
		exitsyscall()
		if sig != 0 {
			return sig
		}
	}
}

//go:linkname signalWaitUntilIdle os/signal.signalWaitUntilIdle
func signalWaitUntilIdle() {
	for !sigidle() {
		Gosched()
	}
}
