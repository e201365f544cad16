package runtime

import (
	"internal/coverage/rtcov"
	"internal/cpu"
	"internal/godebugs"
	"unsafe"
)

// Hooks of other packages that are best written in Go.

func nanotime() int64

// GODEBUG as the program sees it: package internal/godebug follows every change.
var (
	godebugUpdate  func(string, string)
	godebugNewInc  func(string) func()
	godebugEnv     = getenv("GODEBUG")
	godebugDefault = godebugdefault(godebugSettings)

	// What the program was built with, set before it starts: key=value, separated by commas, the language version as default=go1.N.
	godebugSettings string

	// The settings that this package itself follows.
	panicnilOff   bool // panic(nil) is a panic with nil
	panicnilCount func()
)

// godebugdefault adds what the language version changes to the settings, which win.
func godebugdefault(settings string) string {
	minor := 0
	for rest := settings; rest != ""; {
		var one string
		one, rest = cutsetting(rest)
		const version = "default=go1."
		if len(one) > len(version) && one[:len(version)] == version {
			minor = 0
			for i := len(version); i < len(one) && '0' <= one[i] && one[i] <= '9'; i++ {
				minor = minor*10 + int(one[i]-'0')
			}
		}
	}
	s := ""
	if minor > 0 {
		for _, info := range godebugs.All {
			if minor < info.Changed {
				s += info.Name + "=" + info.Old + ","
			}
		}
	}
	return s + settings
}

func cutsetting(s string) (one, rest string) {
	for i := range len(s) {
		if s[i] == ',' {
			return s[:i], s[i+1:]
		}
	}
	return s, ""
}

// godebugvalue is the last that is said of a key; the environment comes after the defaults.
func godebugvalue(key string) string {
	value := ""
	for _, rest := range [...]string{godebugDefault, godebugEnv} {
		for rest != "" {
			var one string
			one, rest = cutsetting(rest)
			if len(one) > len(key) && one[:len(key)] == key && one[len(key)] == '=' {
				value = one[len(key)+1:]
			}
		}
	}
	return value
}

// panicnilAllowed tells whether panic(nil) stays nil, and counts it.
func panicnilAllowed() bool {
	if !panicnilOff {
		return false
	}
	if panicnilCount == nil && godebugNewInc != nil {
		panicnilCount = godebugNewInc("panicnil")
	}
	if panicnilCount != nil {
		panicnilCount()
	}
	return true
}

// What the machine can do, before the packages that ask are initialised.
func init() {
	cpu.Initialize(godebugEnv)
	followgodebug()
}

func followgodebug() {
	panicnilOff = godebugvalue("panicnil") == "1"
	settracebacklabels(godebugvalue("tracebacklabels") != "0")
}

func settracebacklabels(on bool)

//go:linkname godebug_setUpdate internal/godebug.setUpdate
func godebug_setUpdate(update func(string, string)) {
	godebugUpdate = update
	update(godebugDefault, godebugEnv)
}

func setgodebug(value string) {
	godebugEnv = value
	followgodebug()
	if godebugUpdate != nil {
		godebugUpdate(godebugDefault, value)
	}
}

//go:linkname syscall_runtimeSetenv syscall.runtimeSetenv
func syscall_runtimeSetenv(key, value string) {
	if key == "GODEBUG" {
		setgodebug(value)
	}
}

//go:linkname syscall_runtimeUnsetenv syscall.runtimeUnsetenv
func syscall_runtimeUnsetenv(key string) {
	if key == "GODEBUG" {
		setgodebug("")
	}
}

//go:linkname syscall_runtimeClearenv syscall.runtimeClearenv
func syscall_runtimeClearenv(env map[string]int) {
	if _, ok := env["GODEBUG"]; ok {
		setgodebug("")
	}
}

//go:linkname godebug_setNewIncNonDefault internal/godebug.setNewIncNonDefault
func godebug_setNewIncNonDefault(f func(string) func()) { godebugNewInc = f }

//go:linkname coverage_getCovCounterList internal/coverage/cfile.getCovCounterList
func coverage_getCovCounterList() []rtcov.CovCounterBlob { return nil }

var exitHooks []func()

//go:linkname os_beforeExit os.runtime_beforeExit
func os_beforeExit(code int) {}

// ---- runtime/trace: there is no tracer

//go:linkname trace_userTaskCreate runtime/trace.userTaskCreate
func trace_userTaskCreate(id, parentID uint64, taskType string) {}

//go:linkname trace_userTaskEnd runtime/trace.userTaskEnd
func trace_userTaskEnd(id uint64) {}

//go:linkname trace_userRegion runtime/trace.userRegion
func trace_userRegion(id, mode uint64, name string) {}

//go:linkname trace_userLog runtime/trace.userLog
func trace_userLog(id uint64, category, message string) {}

//go:linkname traceClockUnitsPerSecond runtime/trace.runtime_traceClockUnitsPerSecond
func traceClockUnitsPerSecond() uint64 { return 1_000_000_000 }

func traceAdvance(stopTrace bool) {}

func traceClockNow() uint64 { return uint64(nanotime()) }

func writeheapdump(fd uintptr)

//go:linkname debug_WriteHeapDump runtime/debug.WriteHeapDump
func debug_WriteHeapDump(fd uintptr) { writeheapdump(fd) }

// ---- reflect

// selectCase is reflect's runtimeSelect.
type selectCase struct {
	dir int // 1 send, 2 receive, 3 default
	typ unsafe.Pointer
	ch  unsafe.Pointer
	val unsafe.Pointer
}

type scase struct {
	c    unsafe.Pointer
	elem unsafe.Pointer
}

func selectgo(cases *scase, order *uint16, pc uintptr, sends, receives int, block bool) (int, bool)

func block()

//go:linkname reflect_rselect reflect.rselect
func reflect_rselect(cases []selectCase) (int, bool) {
	if len(cases) == 0 {
		block()
	}
	// selectgo wants sends first, then receives; orig leads back.
	sel := make([]scase, len(cases))
	orig := make([]int, len(cases))
	sends, receives, dflt := 0, 0, -1
	for i, c := range cases {
		switch c.dir {
		case 3:
			dflt = i
		case 1:
			sel[sends] = scase{c.ch, c.val}
			orig[sends] = i
			sends++
		case 2:
			receives++
			sel[len(cases)-receives] = scase{c.ch, c.val}
			orig[len(cases)-receives] = i
		}
	}
	if sends+receives == 0 {
		return dflt, false
	}
	if sends+receives < len(cases) {
		copy(sel[sends:], sel[len(cases)-receives:])
		copy(orig[sends:], orig[len(cases)-receives:])
	}
	order := make([]uint16, 2*len(cases))
	chosen, received := selectgo(&sel[0], &order[0], 0, sends, receives, dflt == -1)
	if chosen < 0 {
		return dflt, false
	}
	return orig[chosen], received
}

// haveHighResSleep tells the tests of package time that sleeping is precise.
//
//go:linkname haveHighResSleep
var haveHighResSleep = true
