package runtime

import "unsafe"

// The public interface to call stacks, the environment and the scheduler.

// Compiler is the name of the toolchain whose language and library this is.
const Compiler = "gc"

// GOOS is the running program's operating system.
const GOOS string = "linux"

// GOARCH is the running program's architecture.
const GOARCH string = "amd64"

// Caller reports the file and line of a calling function: 0 is the caller of Caller.
func Caller(skip int) (pc uintptr, file string, line int, ok bool) {
	var pcs [1]uintptr
	if callers(skip+1, &pcs[0], 1) < 1 {
		return
	}
	pc = pcs[0]
	_, file, line, _, _ = pcinfo(pc)
	return pc, file, line, true
}

// Callers fills pc with the program counters of the calling functions: 0 is Callers itself.
func Callers(skip int, pc []uintptr) int {
	if len(pc) == 0 {
		return 0
	}
	return callers(skip, &pc[0], len(pc))
}

// callers skips the first frames of the stack, counted from the function that calls it.
//
//go:noescape
func callers(skip int, pcs *uintptr, n int) int

// pcinfo says what is at a program counter. entry is 0 when it is unknown.
func pcinfo(pc uintptr) (name, file string, line, startLine int, entry uintptr)

// funcAt is the function at a program counter or with this code word, or nil; of code that was inlined there, if wanted, the function it is from.
func funcAt(pc uintptr, inlined bool) *Func

// main and goexit are the two frames below all others, only for their names: C# runs initialisers, main.main and goroutines.
func main() {}

func goexit() {}

// Frame is one logical frame of a call stack.
type Frame struct {
	PC        uintptr
	Func      *Func
	Function  string
	File      string
	Line      int
	startLine int
	Entry     uintptr
	funcInfo  funcInfo
}

// funcInfo says what is known of a frame's function.
type funcInfo struct {
	fn   *Func
	data unsafe.Pointer
}

// Frames walks over the frames of a slice of program counters. It is one ahead, to know whether there are more.
type Frames struct {
	callers    []uintptr
	nextPC     uintptr
	frames     []Frame // found and not yet returned: the first ones of frameStore
	frameStore [2]Frame
}

// CallersFrames takes what Callers returned.
func CallersFrames(callers []uintptr) *Frames {
	ci := &Frames{callers: callers}
	ci.frames = ci.frameStore[:0]
	return ci
}

// Next returns the next frame, and whether there are more.
func (ci *Frames) Next() (frame Frame, more bool) {
	for len(ci.frames) < len(ci.frameStore) && len(ci.callers) > 0 {
		pc := ci.callers[0]
		ci.callers = ci.callers[1:]
		name, file, line, start, entry := pcinfo(pc)
		if entry == 0 {
			continue
		}
		f := funcAt(pc, false)
		ci.frames = append(ci.frames, Frame{PC: pc, Func: f, Function: printedName(name), File: file, Line: line, startLine: start, Entry: entry, funcInfo: funcInfo{fn: f}})
	}
	if len(ci.frames) == 0 {
		return
	}
	frame = ci.frames[0]
	ci.frames = ci.frameStore[:copy(ci.frameStore[:], ci.frames[1:])]
	return frame, len(ci.frames) > 0
}

// printedName leaves out type arguments.
func printedName(name string) string {
	from, to := -1, -1
	for i := range len(name) {
		switch {
		case name[i] == '[' && from < 0:
			from = i
		case name[i] == ']':
			to = i
		}
	}
	if from < 0 || to < from {
		return name
	}
	return name[:from] + "[...]" + name[to+1:]
}

//go:linkname runtime_FrameStartLine runtime/pprof.runtime_FrameStartLine
func runtime_FrameStartLine(f *Frame) int { return f.startLine }

//go:linkname runtime_FrameSymbolName runtime/pprof.runtime_FrameSymbolName
func runtime_FrameSymbolName(f *Frame) string {
	if name, _, _, _, entry := pcinfo(f.PC); entry != 0 {
		return name
	}
	return f.Function
}

//go:linkname runtime_expandFinalInlineFrame runtime/pprof.runtime_expandFinalInlineFrame
func runtime_expandFinalInlineFrame(stk []uintptr) []uintptr { return stk }

// A Func is a function of the running program. It is never looked into: its address is a record in the function table.
type Func struct {
	opaque struct{}
}

//go:noescape
func funcEntry(f *Func) uintptr

//go:noescape
func funcName(f *Func) string

// FuncForPC returns the function that contains a program counter or whose code word it is.
func FuncForPC(pc uintptr) *Func {
	return funcAt(pc, true)
}

// Name is the function's name with its package path.
func (f *Func) Name() string {
	if f == nil {
		return ""
	}
	return printedName(funcName(f))
}

// Entry is the function's first program counter.
func (f *Func) Entry() uintptr { return funcEntry(f) }

func (f *Func) raw() *Func { return f }

// FileLine is the position of a program counter of this function.
func (f *Func) FileLine(pc uintptr) (file string, line int) {
	_, file, line, start, entry := pcinfo(pc)
	if pc == entry {
		line = start
	}
	if entry == 0 {
		return "?", 0
	}
	return file, line
}

// Gosched lets other goroutines run.
func Gosched()

// NumGoroutine is the number of goroutines that exist.
func NumGoroutine() int

// NumCPU is the number of logical processors usable by the process.
func NumCPU() int

// NumCgoCall is the number of calls to C: none.
func NumCgoCall() int64 { return 0 }

// GOMAXPROCS sets the number of processors that may run Go code at once and returns the old one.
func GOMAXPROCS(n int) int

// SetDefaultGOMAXPROCS sets the number to its default.
func SetDefaultGOMAXPROCS() { GOMAXPROCS(NumCPU()) }

// LockOSThread wires the goroutine to its thread: no other goroutine runs there, and it runs nowhere else.
func LockOSThread()

// UnlockOSThread undoes LockOSThread.
func UnlockOSThread()

// Breakpoint stops in a debugger, if there is one.
func Breakpoint() {}

// KeepAlive marks its argument as reachable up to here.
//
//go:noinline
func KeepAlive(x any) {}

// GOROOT is the root of the Go tree.
func GOROOT() string {
	if s := getenv("GOROOT"); s != "" {
		return s
	}
	return defaultGOROOT()
}

func defaultGOROOT() string

// Version is the version of Go.
func Version() string { return buildVersion() }

func buildVersion() string

func getenv(key string) string {
	for _, s := range syscall_runtime_envs() {
		if len(s) > len(key) && s[len(key)] == '=' && s[:len(key)] == key {
			return s[len(key)+1:]
		}
	}
	return ""
}

//go:linkname syscall_runtime_envs syscall.runtime_envs
func syscall_runtime_envs() []string

// Stack writes the stack of the calling goroutine, or of all, into buf.
func Stack(buf []byte, all bool) int {
	if len(buf) == 0 {
		return 0
	}
	return stackText(&buf[0], len(buf), all)
}

func stackText(buf *byte, n int, all bool) int

// Goroutine-local bytes and other state that hooks of std need is kept in C#.

var _ unsafe.Pointer
