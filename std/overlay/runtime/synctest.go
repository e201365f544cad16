package runtime

import "unsafe"

// Bubbles of testing/synctest: the goroutine that called Run fires the timers, one after the other, whenever nothing else of the bubble can run.
// What is due when it is set fires at once.

func bubbleNew()
func bubbleMain()
func bubbleWait()
func bubbleAdvance() bool
func bubbleTimer(t *dueTimer) bool
func bubbleEnd() (total int, done bool)
func bubbleFired(result unsafe.Pointer)
func bubbleSettle() bool
func inBubble() bool
func bubbleAcquire() uintptr
func bubbleRelease(bubble uintptr)
func bubbleEnter(bubble uintptr)

// A synctestDeadlockError ends a bubble whose goroutines are all blocked.
type synctestDeadlockError string

func (e synctestDeadlockError) Error() string { return string(e) }
func (e synctestDeadlockError) RuntimeError() {}

//go:linkname synctestRun internal/synctest.Run
func synctestRun(f func()) {
	if inBubble() {
		panic("synctest.Run called from within a synctest bubble")
	}
	bubbleNew()
	go func() {
		bubbleMain()
		f()
	}()
	t := new(dueTimer)
	for {
		bubbleWait()
		if !bubbleAdvance() {
			break
		}
		for bubbleTimer(t) {
			firetimer(t)
		}
	}
	total, done := bubbleEnd()
	if total != 1 {
		if done {
			panic(synctestDeadlockError("deadlock: main bubble goroutine has exited but blocked goroutines remain"))
		}
		panic(synctestDeadlockError("deadlock: all goroutines in bubble are blocked"))
	}
}

// bubbleFire runs in place of a primitive that has made or set a timer which is due already. What that one was to return goes to its caller: the timer,
// which nothing else may hold any more, or a truth value.
func bubbleFire() {
	result := unsafe.Pointer(uintptr(injectA()))
	t := new(dueTimer)
	for bubbleTimer(t) {
		firetimer(t)
	}
	bubbleFired(result)
}

//go:linkname synctestWait internal/synctest.Wait
func synctestWait() {
	if !inBubble() {
		panic("goroutine is not in a bubble")
	}
	if !bubbleSettle() {
		panic("wait already in progress")
	}
}

type bubbleRef struct{ bubble uintptr }

//go:linkname synctest_acquire internal/synctest.acquire
func synctest_acquire() any {
	if b := bubbleAcquire(); b != 0 {
		return &bubbleRef{b}
	}
	return nil
}

//go:linkname synctest_release internal/synctest.release
func synctest_release(bubble any) { bubbleRelease(bubble.(*bubbleRef).bubble) }

//go:linkname synctest_inBubble internal/synctest.inBubble
func synctest_inBubble(bubble any, f func()) {
	if inBubble() {
		panic("goroutine is already bubbled")
	}
	bubbleEnter(bubble.(*bubbleRef).bubble)
	defer bubbleEnter(0)
	f()
}
