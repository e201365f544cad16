package runtime

// dueTimer is filled by nexttimer.
type dueTimer struct {
	f      func(any, uintptr, int64)
	arg    any
	seq    uintptr
	delta  int64
	isChan bool
}

func nexttimer(t *dueTimer)
func procPin() int
func procUnpin()

// timerMain is the body of the goroutine that runs the functions of timers. A channel's send is not interrupted, so that Stop never misses it.
func timerMain() {
	t := new(dueTimer)
	for {
		nexttimer(t)
		firetimer(t)
	}
}

func firetimer(t *dueTimer) {
	if t.isChan {
		procPin()
		t.f(t.arg, t.seq, t.delta)
		procUnpin()
	} else {
		t.f(t.arg, t.seq, t.delta)
	}
	*t = dueTimer{}
}

type coro struct{}

func newcoro0(start func(), f func(*coro)) *coro
func mycoro() (*coro, func(*coro))
func coroexit0(c *coro)

// newcoro makes a goroutine that runs f when somebody switches to it.
func newcoro(f func(*coro)) *coro { return newcoro0(corostart, f) }

func corostart() {
	c, f := mycoro()
	defer coroexit(c)
	f(c)
}

func coroexit(c *coro) { coroexit0(c) }
