
// Starting processes. Between fork and exec nothing of a managed runtime may run: its other threads are gone, with whatever locks they
// held. So the parent writes down every system call the child has to make, as numbers, and the child, a few instructions of machine code,
// makes them one after the other. Addresses in the list point to the heap, and forkedChild keeps everything alive; the stack of a
// goroutine may move while the list is written.

// childCall is one system call of the child and what follows from its result.
type childCall struct {
	nr     uintptr
	args   [6]uintptr
	result uintptr // one of the constants below
	value  uintptr
}

const (
	childMustSucceed = iota // an error ends the child and is reported
	childMayFail
	childStore  // the result, 4 bytes, goes to the address value
	childSkipIf // the next call is left out if the result equals value
	childFailIf // a number other than 0 at the address value is an error
)

// forkedChild is what the machine code reads; the first nine words have a fixed layout.
type forkedChild struct {
	cloneNr   uintptr
	cloneArgs [3]uintptr
	calls     *childCall
	pipe      uintptr
	errno     uintptr
	blockAll  uint64
	oldMask   uint64

	list      []childCall
	fd        []int
	clone3    cloneArgs
	actions   [65]kernelSigaction
	caps      capHeader
	capsData  [2]capData
	pgrp      int32
	pidfd     int32
	mapsError Errno
	keep      [8]unsafe.Pointer
	argv      []*byte
	envv      []*byte
}

type kernelSigaction struct {
	handler, flags, restorer, mask uint64
}

// startForked makes the child of c and returns its process id, or minus the error number.
func startForked(c *forkedChild) int

// forkExecutable says that a process is about to be started from a file: it may have to be made first.
func forkExecutable(argv0 *byte)

// lastForkedChild makes every forkedChild escape.
var lastForkedChild *forkedChild

func (c *forkedChild) add(result int, value uintptr, nr uintptr, args ...uintptr) {
	call := childCall{nr: nr, result: uintptr(result), value: value}
	copy(call.args[:], args)
	c.list = append(c.list, call)
}

func (c *forkedChild) must(nr uintptr, args ...uintptr) { c.add(childMustSucceed, 0, nr, args...) }

func (c *forkedChild) writeFile(path, text []byte) {
	const someFd = 0 // patched by the call before
	c.add(childStore, 0, SYS_OPENAT, uintptr(_AT_FDCWD&(1<<64-1)), uintptr(unsafe.Pointer(&path[0])), uintptr(O_WRONLY))
	at := len(c.list) - 1
	c.must(SYS_WRITE, someFd, uintptr(unsafe.Pointer(&text[0])), uintptr(len(text)))
	c.list[at].value = uintptr(unsafe.Pointer(&c.list[at+1].args[0]))
}

func forkAndExecInChild(argv0 *byte, argv, envv []*byte, chroot, dir *byte, attr *ProcAttr, sys *SysProcAttr, pipe int) (pid int, err Errno) {
	c := &forkedChild{pidfd: -1, blockAll: ^uint64(0), argv: argv, envv: envv}
	lastForkedChild = c
	// The addresses of calls are taken: the list must not grow.
	c.list = make([]childCall, 0, 200+3*len(attr.Files)+len(sys.AmbientCaps))
	c.keep = [8]unsafe.Pointer{unsafe.Pointer(argv0), unsafe.Pointer(chroot), unsafe.Pointer(dir)}

	var mapPipe [2]int
	mapped := sys.UidMappings != nil || sys.GidMappings != nil
	if mapped {
		if e := forkExecPipe(mapPipe[:]); e != nil {
			return 0, e.(Errno)
		}
	}
	ppid, _ := rawSyscallNoError(SYS_GETPID, 0, 0, 0)

	if len(sys.AmbientCaps) > 0 {
		c.must(SYS_PRCTL, PR_SET_KEEPCAPS, 1)
	}
	if mapped {
		c.must(SYS_CLOSE, uintptr(mapPipe[1]))
		c.add(childSkipIf, unsafe.Sizeof(c.mapsError), SYS_READ, uintptr(mapPipe[0]), uintptr(unsafe.Pointer(&c.mapsError)), unsafe.Sizeof(c.mapsError))
		c.must(SYS_DUP3) // EINVAL: the parent went away
		c.add(childFailIf, uintptr(unsafe.Pointer(&c.mapsError)), SYS_GETPID)
	}
	if sys.Setsid {
		c.must(SYS_SETSID)
	}
	if sys.Setpgid || sys.Foreground {
		c.must(SYS_SETPGID, 0, uintptr(sys.Pgid))
	}
	if sys.Foreground {
		c.pgrp = int32(sys.Pgid)
		if sys.Pgid == 0 {
			c.add(childStore, uintptr(unsafe.Pointer(&c.pgrp)), SYS_GETPID)
		}
		c.must(SYS_IOCTL, uintptr(sys.Ctty), uintptr(TIOCSPGRP), uintptr(unsafe.Pointer(&c.pgrp)))
	}
	c.resetSignals()

	if sys.Unshareflags != 0 {
		c.must(SYS_UNSHARE, sys.Unshareflags)
		if sys.Unshareflags&CLONE_NEWUSER != 0 && sys.GidMappings != nil {
			setgroups := []byte("deny")
			if sys.GidMappingsEnableSetgroups {
				setgroups = []byte("allow")
			}
			path, gidPath, gids := []byte("/proc/self/setgroups\000"), []byte("/proc/self/gid_map\000"), formatIDMappings(sys.GidMappings)
			c.keep[3], c.keep[4], c.keep[5], c.keep[6] = unsafe.Pointer(&setgroups[0]), unsafe.Pointer(&path[0]), unsafe.Pointer(&gidPath[0]), unsafe.Pointer(unsafe.SliceData(gids))
			c.writeFile(path, setgroups)
			c.writeFile(gidPath, gids)
		}
		if sys.Unshareflags&CLONE_NEWUSER != 0 && sys.UidMappings != nil {
			text := append([]byte("/proc/self/uid_map\000"), formatIDMappings(sys.UidMappings)...)
			c.keep[7] = unsafe.Pointer(&text[0])
			c.writeFile(text[:19], text[19:])
		}
		if sys.Unshareflags&CLONE_NEWNS != 0 {
			// Mounts are shared with the parent's namespace until said otherwise.
			c.must(SYS_MOUNT, uintptr(unsafe.Pointer(&none[0])), uintptr(unsafe.Pointer(&slash[0])), 0, MS_REC|MS_PRIVATE)
		}
	}
	if chroot != nil {
		c.must(SYS_CHROOT, uintptr(unsafe.Pointer(chroot)))
	}
	if cred := sys.Credential; cred != nil {
		denied := sys.GidMappings != nil && !sys.GidMappingsEnableSetgroups && len(cred.Groups) == 0
		if !denied && !cred.NoSetGroups {
			c.must(_SYS_setgroups, uintptr(len(cred.Groups)), uintptr(unsafe.Pointer(unsafe.SliceData(cred.Groups))))
		}
		c.must(sys_SETGID, uintptr(cred.Gid))
		c.must(sys_SETUID, uintptr(cred.Uid))
	}
	if len(sys.AmbientCaps) != 0 {
		if err = c.ambientCaps(sys.AmbientCaps); err != 0 {
			return 0, err
		}
	}
	if dir != nil {
		c.must(SYS_CHDIR, uintptr(unsafe.Pointer(dir)))
	}
	if sys.Pdeathsig != 0 {
		c.must(SYS_PRCTL, PR_SET_PDEATHSIG, uintptr(sys.Pdeathsig))
		// The parent may be dead already.
		c.add(childStore, 0, SYS_GETPID)
		at := len(c.list) - 1
		c.add(childSkipIf, ppid, SYS_GETPPID)
		c.must(SYS_KILL, 0, uintptr(sys.Pdeathsig))
		c.list[at].value = uintptr(unsafe.Pointer(&c.list[at+2].args[0]))
	}
	c.pipe = uintptr(c.files(attr.Files, pipe))
	if sys.Noctty {
		c.must(SYS_IOCTL, 0, uintptr(TIOCNOTTY))
	}
	if sys.Setctty {
		c.must(SYS_IOCTL, uintptr(sys.Ctty), uintptr(TIOCSCTTY), 1)
	}
	if rlim := origRlimitNofile.Load(); rlim != nil {
		// The child gets the limit this process was started with, unless somebody else has changed it since.
		var now Rlimit
		_, _, e := RawSyscall6(SYS_PRLIMIT64, 0, RLIMIT_NOFILE, 0, uintptr(unsafe.Pointer(&now)), 0, 0)
		if e != 0 || now.Cur == rlim.Max-1 && now.Max == rlim.Max {
			c.add(childMayFail, 0, SYS_PRLIMIT64, 0, RLIMIT_NOFILE, uintptr(unsafe.Pointer(rlim)))
		}
	}
	if sys.Ptrace {
		c.must(SYS_PTRACE, uintptr(PTRACE_TRACEME))
	}
	forkExecutable(argv0)
	c.must(SYS_EXECVE, uintptr(unsafe.Pointer(argv0)), uintptr(unsafe.Pointer(&argv[0])), uintptr(unsafe.Pointer(&envv[0])))
	c.calls = &c.list[0]

	c.prepareClone(sys)
	r := startForked(c)
	runtime.KeepAlive(sys)
	runtime.KeepAlive(c)
	if r < 0 {
		if mapped {
			Close(mapPipe[0])
			Close(mapPipe[1])
		}
		return 0, Errno(-r)
	}
	if sys.PidFD != nil {
		*sys.PidFD = int(c.pidfd)
	}
	if mapped {
		Close(mapPipe[0])
		var e Errno
		// A namespace made by unshare writes its own maps.
		if sys.Unshareflags&CLONE_NEWUSER == 0 {
			if failed := writeUidGidMappings(r, sys); failed != nil {
				e = failed.(Errno)
			}
		}
		RawSyscall(SYS_WRITE, uintptr(mapPipe[1]), uintptr(unsafe.Pointer(&e)), unsafe.Sizeof(e))
		Close(mapPipe[1])
	}
	return r, 0
}

func (c *forkedChild) prepareClone(sys *SysProcAttr) {
	flags := sys.Cloneflags
	if (sys.Cloneflags|sys.Unshareflags)&CLONE_NEWUSER == 0 {
		flags |= CLONE_VFORK | CLONE_VM
	}
	if sys.PidFD != nil {
		flags |= CLONE_PIDFD
	}
	pidfd := uintptr(unsafe.Pointer(&c.pidfd))
	if !sys.UseCgroupFD && flags&CLONE_NEWTIME == 0 && !forceClone3 {
		c.cloneNr, c.cloneArgs = SYS_CLONE, [3]uintptr{flags | uintptr(SIGCHLD), 0, pidfd}
		return
	}
	c.clone3.flags, c.clone3.exitSignal = uint64(flags), uint64(SIGCHLD)
	if sys.UseCgroupFD {
		c.clone3.flags |= CLONE_INTO_CGROUP
		c.clone3.cgroup = uint64(sys.CgroupFD)
	}
	if sys.PidFD != nil {
		c.clone3.pidFD = uint64(pidfd)
	}
	c.cloneNr, c.cloneArgs = _SYS_clone3, [3]uintptr{uintptr(unsafe.Pointer(&c.clone3)), unsafe.Sizeof(c.clone3), 0}
}

// resetSignals gives the child default handlers before any signal is let through: the handlers of this process are code that exec takes
// away. Signals ignored from outside stay so, but the host ignores SIGPIPE by itself.
func (c *forkedChild) resetSignals() {
	defaults := uintptr(unsafe.Pointer(&c.actions[0]))
	for sig := uintptr(1); sig <= 64; sig++ {
		const ignored = 1
		now := &c.actions[sig]
		_, _, e := RawSyscall6(SYS_RT_SIGACTION, sig, 0, uintptr(unsafe.Pointer(now)), 8, 0, 0)
		if e == 0 && now.handler != 0 && (now.handler != ignored || sig == uintptr(SIGPIPE)) {
			c.add(childMayFail, 0, SYS_RT_SIGACTION, sig, defaults, 0, 8)
		}
	}
	const setMask = 2
	c.add(childMayFail, 0, SYS_RT_SIGPROCMASK, setMask, uintptr(unsafe.Pointer(&c.oldMask)), 0, 8)
}

// ambientCaps raises capabilities that a change of the user would take away. The child's sets are those of this process.
func (c *forkedChild) ambientCaps(wanted []uintptr) Errno {
	const (
		prCapAmbient      = 0x2f
		prCapAmbientRaise = 0x2
	)
	c.caps.version = _LINUX_CAPABILITY_VERSION_3
	header, data := uintptr(unsafe.Pointer(&c.caps)), uintptr(unsafe.Pointer(&c.capsData[0]))
	if _, _, e := RawSyscall(SYS_CAPGET, header, data, 0); e != 0 {
		return e
	}
	for _, w := range wanted {
		i := int(capToIndex(w))
		if i >= len(c.capsData) {
			return EINVAL
		}
		c.capsData[i].permitted |= capToMask(w)
		c.capsData[i].inheritable |= capToMask(w)
	}
	c.must(SYS_CAPSET, header, data)
	for _, w := range wanted {
		c.must(SYS_PRCTL, prCapAmbient, prCapAmbientRaise, w)
	}
	return 0
}

// files gives the child its descriptors 0, 1, ... and returns where the pipe for errors is then.
func (c *forkedChild) files(files []uintptr, pipe int) int {
	fd := make([]int, len(files))
	next := len(files)
	for i, f := range files {
		fd[i] = int(f)
		next = max(next, int(f))
	}
	next++
	// First everything that would be overwritten before its turn moves up.
	if pipe < next {
		c.must(SYS_DUP3, uintptr(pipe), uintptr(next), O_CLOEXEC)
		pipe = next
		next++
	}
	for i := range fd {
		if fd[i] >= 0 && fd[i] < i {
			if next == pipe {
				next++
			}
			c.must(SYS_DUP3, uintptr(fd[i]), uintptr(next), O_CLOEXEC)
			fd[i] = next
			next++
		}
	}
	for i := range fd {
		switch fd[i] {
		case -1:
			c.add(childMayFail, 0, SYS_CLOSE, uintptr(i))
		case i:
			c.must(fcntl64Syscall, uintptr(i), F_SETFD, 0)
		default:
			c.must(SYS_DUP3, uintptr(fd[i]), uintptr(i), 0)
		}
	}
	for i := len(fd); i < 3; i++ {
		c.add(childMayFail, 0, SYS_CLOSE, uintptr(i))
	}
	return pipe
}

// doCheckClonePidfd makes a child that does nothing, to see whether it comes with a descriptor.
func doCheckClonePidfd(pidfd *int32) (pid uintptr, errno Errno) {
	c := &forkedChild{pidfd: *pidfd, blockAll: ^uint64(0)}
	lastForkedChild = c
	c.cloneNr = SYS_CLONE
	c.cloneArgs = [3]uintptr{CLONE_VFORK | CLONE_VM | CLONE_PIDFD, 0, uintptr(unsafe.Pointer(&c.pidfd))}
	c.must(SYS_EXIT_GROUP, 0)
	c.calls = &c.list[0]
	r := startForked(c)
	*pidfd = c.pidfd
	if r < 0 {
		return 0, Errno(-r)
	}
	return uintptr(r), 0
}
