package runtime

import _ "unsafe"

// Fatal errors. throw is for broken invariants and shows all goroutines, fatal for mistakes of the program, which come after the panics in
// progress: those are printed as they are, no methods are called any more.

func die(s string, system, signal bool)

//go:linkname throw
func throw(s string) { die(s, true, false) }

//go:linkname fatal
func fatal(s string) { die(s, false, printdying()) }

// printdying prints the panics in progress; the result says that one of them came from a signal.
func printdying() (signal bool) {
	p := toppanic()
	for p != nil && p.goexit {
		p = p.link
	}
	if p == nil || panicking {
		return false
	}
	for q := p; q.link != nil; q = q.link {
		q.link.repanicked = *efaceOf(&q.link.arg) == *efaceOf(&q.arg)
	}
	printlock()
	printpanics(p)
	print("\t")
	printunlock()
	return causedBySignal(p)
}

//go:linkname sync_throw sync.throw
func sync_throw(s string) { throw(s) }

//go:linkname sync_fatal sync.fatal
func sync_fatal(s string) { fatal(s) }

//go:linkname isync_throw internal/sync.throw
func isync_throw(s string) { throw(s) }

//go:linkname isync_fatal internal/sync.fatal
func isync_fatal(s string) { fatal(s) }

//go:linkname cgroup_throw internal/runtime/cgroup.throw
func cgroup_throw(s string) { throw(s) }

//go:linkname maps_fatal internal/runtime/maps.fatal
func maps_fatal(s string) { fatal(s) }

//go:linkname rand_fatal crypto/rand.fatal
func rand_fatal(s string) { fatal(s) }

//go:linkname sysrand_fatal crypto/internal/sysrand.fatal
func sysrand_fatal(s string) { fatal(s) }

//go:linkname fips_fatal crypto/internal/fips140.fatal
func fips_fatal(s string) { fatal(s) }
