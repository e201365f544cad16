#!/usr/bin/env python3
"""Runs programs under every allocator, collector mode and barrier, and compares what they print.

usage: policies.py [--tuza "COMMAND"] [--only FLAG] [--bench FOLDER] [--planted] PROGRAM.go ...

A program NAME.go is compared with NAME.want beside it (standard output; standard error if it prints nothing else). --bench FOLDER adds binary_trees_serial,
binary_trees_parallel and lru_cache of a suite with suite.json and expected.json, at their quick sizes. --planted also runs the unit tests that plant a
missed barrier, a lost mark bit, a stale stack pointer and wrong pointer maps. The last line is the summary; exit code 1 if anything differs.
"""
import argparse, json, os, shlex, subprocess, sys

CHOICES = [["-alloc=" + a] for a in ("go", "bump", "first-fit", "next-fit", "best-fit", "segregated-fit")] + \
          [["-gc=" + m] for m in ("concurrent", "incremental", "stw")] + \
          [["-barrier=" + b] for b in ("hybrid", "insertion", "deletion")] + \
          [["-gc=incremental", "-barrier=" + b, "-alloc=" + a] for b, a in (("hybrid", "first-fit"), ("insertion", "segregated-fit"))]

# What a program says about the parts that a choice replaces.
BLOCKS = ["-alloc=" + a for a in ("bump", "first-fit", "next-fit", "best-fit", "segregated-fit")]
ABOUT = {
    "gcphases": ["-gc=stw", "-gc=incremental"],  # that the program runs while the collector marks
    "sizeclasses": BLOCKS,                       # objects per page
    "allocclasses": BLOCKS,                      # headers and tiny objects
    "gcexample": BLOCKS,                         # that tiny objects share a block
}


def run(command, seconds):
    try:
        r = subprocess.run(command, capture_output=True, timeout=seconds)
        return r.returncode, r.stdout, r.stderr
    except subprocess.TimeoutExpired:
        return -1, b"", b"timed out"


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--tuza", default="tuza")
    p.add_argument("--only", default="")
    p.add_argument("--bench")
    p.add_argument("--planted", action="store_true")
    p.add_argument("--timeout", type=int, default=300)
    p.add_argument("programs", nargs="*")
    a = p.parse_args()
    tuza = shlex.split(a.tuza)
    work = []
    for file in a.programs:
        want = file.removesuffix(".go") + ".want"
        if os.path.exists(want):
            work.append((os.path.basename(file).removesuffix(".go"), [file], open(want, "rb").read()))
    if a.bench:
        quick = {q["name"]: q.get("quick") for q in json.load(open(os.path.join(a.bench, "suite.json")))["programs"]}
        expected = json.load(open(os.path.join(a.bench, "expected.json")))
        for name in ("binary_trees_serial", "binary_trees_parallel", "lru_cache"):
            work.append((name, [os.path.join(a.bench, "programs", name, "main.go"), str(quick[name])], expected[f"{name}@{quick[name]}"]["stdout"].encode()))
    runs = wrong = left = 0
    for choice in CHOICES:
        if a.only and not any(a.only in c for c in choice):
            continue
        for name, command, want in work:
            if any(c in ABOUT.get(name, []) for c in choice):
                left += 1
                continue
            code, out, err = run(tuza + ["run"] + choice + command, a.timeout)
            runs += 1
            if want not in (out, err if not out else out):
                wrong += 1
                print(f"{' '.join(choice)} {name}: exit code {code}: " + (err or out).decode(errors="replace").strip()[-300:].replace("\n", " | "), flush=True)
    planted = ""
    if a.planted:
        here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "Tuza.UnitTests")
        code, out, _ = run(["dotnet", "test", here, "-c", "Release", "--no-build", "--filter", "FullyQualifiedName~PlantedBugTests"], 600)
        lines = [l.strip() for l in out.decode(errors="replace").splitlines() if "Passed:" in l]
        planted = f"; planted bugs: {lines[-1] if lines else 'did not run'}"
        wrong += code != 0
    print(f"{runs} runs, {wrong} wrong, {left} left out because the program is about what the choice replaces{planted}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
