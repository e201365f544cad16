#!/usr/bin/env python3
"""Compares what programs allocate under Tuza and under Go.

usage: alloc-fidelity.py [--go GO] [--tuza "COMMAND"] [--limit PERCENT] [--runs N] [--sites] [--suite FILE --groups AB [--quick]] [FOLDER[=ARG] ...]

Each folder has a main.go. In a copy its main is bracketed by runtime.ReadMemStats; Mallocs and TotalAlloc between the two points are compared. A program
whose figures under Go differ by more than the limit from run to run is not deterministic: it is shown, and does not count. The others must be within the
limit of what Go's runs gave. --suite takes the programs from a suite.json (beside its folder programs), --quick with its quick sizes.
--sites lists what each side allocated where (MemProfileRate=1), for the sites that differ. Exit code 1 if a program that counts differs, or does not run.
"""
import argparse, collections, json, os, re, shlex, subprocess, sys, tempfile

BRACKET = '''package main

import (
	"os"
	"runtime"
	"strconv"
)

func main() {
	runtime.GC()
	var from, to runtime.MemStats
	runtime.ReadMemStats(&from)
	bracketedMain()
	runtime.ReadMemStats(&to)
	os.Stderr.WriteString("\\nALLOC " + strconv.FormatUint(to.Mallocs-from.Mallocs, 10) + " " + strconv.FormatUint(to.TotalAlloc-from.TotalAlloc, 10) + "\\n")
}
'''

SITES = '''package main

import (
	"os"
	"runtime"
	"strconv"
	"strings"
)

var _ = func() int { runtime.MemProfileRate = 1; return 0 }()

type bracketCount struct{ objects, bytes int64 }

func bracketCounts() map[string]bracketCount {
	runtime.GC()
	runtime.GC()
	n, _ := runtime.MemProfile(nil, true)
	records := make([]runtime.MemProfileRecord, n+1000)
	n, _ = runtime.MemProfile(records, true)
	sites := map[string]bracketCount{}
	for _, r := range records[:n] {
		frames := runtime.CallersFrames(r.Stack())
		site := ""
		for {
			f, more := frames.Next()
			if f.Function == "runtime.main" || f.Function != "" && !strings.Contains(f.File, "/src/runtime/") && !strings.Contains(f.File, "/overlay/runtime/") {
				site = f.Function
				if from, to := strings.Index(site, "["), strings.LastIndex(site, "]"); from >= 0 && to > from {
					site = site[:from] + "[...]" + site[to+1:]
				}
				site += ":" + strconv.Itoa(f.Line)
				break
			}
			if !more {
				site = "runtime"
				break
			}
		}
		if strings.HasPrefix(site, "main.bracketCounts:") {
			continue
		}
		c := sites[site]
		sites[site] = bracketCount{c.objects + r.AllocObjects, c.bytes + r.AllocBytes}
	}
	return sites
}

func main() {
	from := bracketCounts()
	bracketedMain()
	for site, c := range bracketCounts() {
		if c != from[site] {
			os.Stderr.WriteString("SITE " + strconv.FormatInt(c.objects-from[site].objects, 10) + " " + strconv.FormatInt(c.bytes-from[site].bytes, 10) + " " + site + "\\n")
		}
	}
}
'''


def run(command, folder, args):
    try:
        r = subprocess.run(command + [os.path.join(folder, "main.go"), os.path.join(folder, "bracket.go")] + args, capture_output=True, text=True, timeout=600)
    except subprocess.TimeoutExpired:
        return "", "timed out"
    return r.stderr, r.stderr.strip()[-300:]


def measure(command, folder, args, runs):
    found = []
    for _ in range(runs):
        text, wrong = run(command, folder, args)
        m = re.search(r"^ALLOC (\d+) (\d+)$", text, re.M)
        if not m:
            return None, wrong or "no answer"
        found.append((int(m[1]), int(m[2])))
    return found, ""


def sites(command, folder, args):
    return collections.defaultdict(lambda: (0, 0), {site: (int(n), int(b)) for n, b, site in re.findall(r"^SITE (-?\d+) (-?\d+) (.*)$", run(command, folder, args)[0], re.M)})


def off(values, ours):
    """By how many percent ours lies outside what the peer's runs gave; and the spread of those."""
    low, high = min(values), max(values)
    near = low if ours < low else high if ours > high else ours
    return 0.0 if near == ours else 100.0 * (ours - near) / max(near, 1), 100.0 * (high - low) / max(low, 1)


def copy(folder, source, bracket):
    for file, text in (("main.go", source), ("bracket.go", bracket)):
        with open(os.path.join(folder, file), "w") as f:
            f.write(text)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--go", default="go")
    p.add_argument("--tuza", default="tuza")
    p.add_argument("--limit", type=float, default=1.0)
    p.add_argument("--runs", type=int, default=3)
    p.add_argument("--sites", action="store_true")
    p.add_argument("--suite")
    p.add_argument("--groups", default="AB")
    p.add_argument("--quick", action="store_true")
    p.add_argument("programs", nargs="*")
    a = p.parse_args()
    programs = list(a.programs)
    if a.suite:
        for q in json.load(open(a.suite))["programs"]:
            if q["group"] in a.groups:
                folder = os.path.join(os.path.dirname(a.suite), "programs", q["name"])
                programs.append(f"{folder}={q['quick']}" if a.quick and "quick" in q else folder)
    go, tuza = [a.go, "run"], shlex.split(a.tuza) + ["run"]
    bad, good, open_ = [], 0, 0
    print(f"{'program':24} {'Mallocs Go':>12} {'Tuza':>12} {'off %':>8}  {'TotalAlloc Go':>14} {'Tuza':>14} {'off %':>8}")
    for program in programs:
        path, _, arg = program.partition("=")
        name = os.path.basename(os.path.normpath(path))
        source, n = re.subn(r"^func main\(\)", "func bracketedMain()", open(os.path.join(path, "main.go")).read(), flags=re.M)
        if n != 1:
            print(f"{name:24} has no main to bracket")
            bad.append(name)
            continue
        args = shlex.split(arg)
        with tempfile.TemporaryDirectory() as folder:
            copy(folder, source, BRACKET)
            theirs, wrong = measure(go, folder, args, a.runs)
            ours, wrong2 = measure(tuza, folder, args, 1)
            if theirs is None or ours is None:
                print(f"{name:24} go: {wrong or 'ok'} tuza: {wrong2 or 'ok'}", flush=True)
                bad.append(name)
                continue
            dm, sm = off([m for m, _ in theirs], ours[0][0])
            db, sb = off([b for _, b in theirs], ours[0][1])
            far = max(abs(dm), abs(db)) > a.limit
            loose = max(sm, sb) > a.limit
            if loose:
                open_ += 1
            elif far:
                bad.append(name)
            else:
                good += 1
            note = f"  not deterministic: Go {sm:.1f} % and {sb:.1f} % from run to run" if loose else "  <" if far else ""
            print(f"{name:24} {theirs[0][0]:12} {ours[0][0]:12} {dm:+8.2f}  {theirs[0][1]:14} {ours[0][1]:14} {db:+8.2f}{note}", flush=True)
            if a.sites:
                copy(folder, source, SITES)
                one, two = sites(go, folder, args), sites(tuza, folder, args)
                for site in sorted(set(one) | set(two), key=lambda s: -abs(one[s][1] - two[s][1])):
                    if one[site] != two[site]:
                        print(f"    {one[site][0]:10} {two[site][0]:10} objects {one[site][1]:12} {two[site][1]:12} bytes  {site}")
    print(f"{good} of {good + len(bad)} deterministic programs within {a.limit:g} %, {open_} not deterministic" + (": " + " ".join(bad) if bad else ""))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
