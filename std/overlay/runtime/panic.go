package runtime

import (
	"internal/runtime/atomic"
	"unsafe"
)

// Panics and deferred calls.
//
// A goroutine has a list of deferred calls and a list of panics in progress, newest first; the records are made and owned by C#, here they are
// seen through types with the same layout. A frame is named by its token, which survives moves of the stack.
//
// gopanic runs the deferred calls one by one on top of the panicking frames. When one of them recovers, everything above the frame that deferred
// it is left, and that frame goes on as if it had called return. A deferred call that panics again aborts the panic that
// runs it: its record stays in the list for the message.

type _defer struct {
	link      *_defer
	fn        func()
	frame     uintptr
	panic     *_panic
	head      *_defer
	started   bool
	rangefunc bool
	heap      bool
}

type _panic struct {
	arg        any
	link       *_panic
	frame      uintptr
	recovered  bool
	aborted    bool
	goexit     bool
	repanicked bool
	pc         uintptr
}

func topdefer() *_defer
func popdefer()
func nextdefer(frame uintptr) (fn func(), ok bool)
func pushpanic(goexit bool, arg any) *_panic
func toppanic() *_panic
func poppanic()
func frametoken() uintptr
func recovery(frame uintptr)
func regoexit(frame uintptr)
func goexit0()
func dopanic(signal bool)
func injectA() int64
func injectB() int64
func printlock()
func printunlock()

// deferreturn runs the calls deferred by one frame; the compiler calls it when a function with defer returns.
func deferreturn(frame uintptr) {
	for {
		fn, ok := nextdefer(frame)
		if !ok {
			return
		}
		fn()
	}
}

//go:noinline
func gopanic(e any) {
	if e == nil && !panicnilAllowed() {
		e = new(PanicNilError)
	}
	p := pushpanic(false, e)
	atomic.Xadd(&panicsRunning, 1)
	for {
		d := topdefer()
		if d == nil {
			break
		}
		if d.started {
			// Started by an earlier panic or Goexit, which this one aborts.
			if d.panic != nil {
				d.panic.aborted = true
			}
			popdefer()
			continue
		}
		d.started = true
		d.panic = p
		frame := d.frame
		d.fn()
		popdefer()
		if p.recovered {
			leavepanic(p, frame)
		}
	}
	preprintpanics(p)
	fatalpanic(p)
}

// leavepanic ends a recovered panic: on to the frame that deferred the recovering call, or back to a Goexit that the panic had interrupted.
func leavepanic(p *_panic, frame uintptr) {
	endpanic()
	q := toppanic()
	if q != nil && q.goexit && q.aborted {
		q.aborted = false
		regoexit(q.frame)
	}
	for q != nil && q.aborted {
		endpanic()
		q = toppanic()
		if q != nil && q.goexit && q.aborted {
			q.aborted = false
			regoexit(q.frame)
		}
	}
	recovery(frame)
}

// Goexit ends the goroutine after running its deferred calls.
//
//go:noinline
func Goexit() {
	pushpanic(true, nil)
	goexitContinue()
}

// goexitContinue runs the remaining deferred calls of a Goexit; called again when a panic in one of them was recovered.
func goexitContinue() {
	p := toppanic()
	for {
		d := topdefer()
		if d == nil {
			break
		}
		if d.started {
			if d.panic != nil && d.panic != p {
				d.panic.aborted = true
			}
			popdefer()
			continue
		}
		d.started = true
		d.panic = p
		d.fn()
		popdefer()
	}
	for toppanic() != nil {
		endpanic()
	}
	goexit0()
}

// panicsRunning counts the panics whose deferred calls run; panicking is set when one of them was not recovered and the end has begun.
var (
	panicsRunning uint32
	panicking     bool
)

func endpanic() {
	if !toppanic().goexit {
		atomic.Xadd(&panicsRunning, -1)
	}
	poppanic()
}

// mainExit is what the main goroutine does after main.main: a panic on its way out in another goroutine comes first.
func mainExit() {
	for i := 0; i < 1000 && atomic.Load(&panicsRunning) != 0; i++ {
		Gosched()
	}
	if panicking {
		select {}
	}
}

// ---- the message

type stringer interface{ String() string }

// preprintpanics turns panic values with methods into strings, while Go code may still run.
func preprintpanics(p *_panic) {
	defer func() {
		const text = "panic while printing panic value"
		switch r := recover().(type) {
		case nil:
		case string:
			throw(text + ": " + r)
		default:
			throw(text + ": type " + typeString(efaceOf(&r)._type))
		}
	}()
	for p != nil {
		if p.link != nil && *efaceOf(&p.link.arg) == *efaceOf(&p.arg) {
			// The same value again: printed once, as repanicked.
			p.link.repanicked = true
			p = p.link
			continue
		}
		switch v := p.arg.(type) {
		case error:
			p.arg = v.Error()
		case stringer:
			p.arg = v.String()
		}
		p = p.link
	}
}

func fatalpanic(p *_panic) {
	panicking = true
	printlock()
	printpanics(p)
	printunlock()
	dopanic(causedBySignal(p))
}

func causedBySignal(p *_panic) bool {
	for ; p != nil; p = p.link {
		switch v := p.arg.(type) {
		case string:
			if v == "runtime error: invalid memory address or nil pointer dereference" {
				return true
			}
		case errorString:
			if v == memoryErrorText {
				return true
			}
		}
	}
	return false
}

func printpanics(p *_panic) {
	if p.link != nil {
		printpanics(p.link)
		if p.link.repanicked {
			return
		}
		if !p.link.goexit {
			print("\t")
		}
	}
	if p.goexit {
		return
	}
	print("panic: ")
	printpanicval(p.arg)
	if p.recovered {
		if p.repanicked {
			print(" [recovered, repanicked]")
		} else {
			print(" [recovered]")
		}
	}
	print("\n")
}

// printindented prints a string with its further lines indented.
func printindented(s string) {
	start := 0
	for i := 0; i < len(s); i++ {
		if s[i] == '\n' {
			print(s[start:i+1], "\t")
			start = i + 1
		}
	}
	print(s[start:])
}

func printpanicval(v any) {
	switch v := v.(type) {
	case nil:
		print("nil")
	case bool:
		print(v)
	case int:
		print(v)
	case int8:
		print(v)
	case int16:
		print(v)
	case int32:
		print(v)
	case int64:
		print(v)
	case uint:
		print(v)
	case uint8:
		print(v)
	case uint16:
		print(v)
	case uint32:
		print(v)
	case uint64:
		print(v)
	case uintptr:
		print(v)
	case float32:
		print(v)
	case float64:
		print(v)
	case complex64:
		print(v)
	case complex128:
		print(v)
	case string:
		printindented(v)
	default:
		printcustom(v)
	}
}

// printcustom prints a value of a type that is not predeclared.
func printcustom(v any) {
	e := efaceOf(&v)
	name := typeString(e._type)
	p := e.data
	if e._type.IsDirectIface() {
		p = unsafe.Pointer(&e.data)
	}
	switch kindOf(e._type) {
	case kindString:
		print(name, `("`)
		printindented(*(*string)(p))
		print(`")`)
	case kindBool:
		print(name, "(", *(*bool)(p), ")")
	case kindInt:
		print(name, "(", *(*int)(p), ")")
	case kindInt8:
		print(name, "(", *(*int8)(p), ")")
	case kindInt16:
		print(name, "(", *(*int16)(p), ")")
	case kindInt32:
		print(name, "(", *(*int32)(p), ")")
	case kindInt64:
		print(name, "(", *(*int64)(p), ")")
	case kindUint:
		print(name, "(", *(*uint)(p), ")")
	case kindUint8:
		print(name, "(", *(*uint8)(p), ")")
	case kindUint16:
		print(name, "(", *(*uint16)(p), ")")
	case kindUint32:
		print(name, "(", *(*uint32)(p), ")")
	case kindUint64:
		print(name, "(", *(*uint64)(p), ")")
	case kindUintptr:
		print(name, "(", *(*uintptr)(p), ")")
	case kindFloat32:
		print(name, "(", *(*float32)(p), ")")
	case kindFloat64:
		print(name, "(", *(*float64)(p), ")")
	case kindComplex64:
		print(name, *(*complex64)(p))
	case kindComplex128:
		print(name, *(*complex128)(p))
	default:
		print("(", name, ") ", e.data)
	}
}
