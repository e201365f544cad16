#!/usr/bin/env python3
"""Counts what both leak finders say about tests/data/leaks.

usage: scripts/leak-corpus.py [-tuza COMMAND] [-go COMMAND]

One line for each of the seven families, goroutines twice: did `tuza vet` find the leak in the source, did `tuza run -leaks` find it in a run, did either say
anything about the repaired program, and is the program that `tuza vet -fix` makes clean for both? With -go (a real go command) what was mended is also vetted,
built and run by it, and must print what the leaky program printed.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile

FAMILIES = [
    ("SUBSTR", "substring", "retain/substring", "retain/substring"),
    ("SUBSLICE", "subslice", "retain/subslice", "retain/subslice"),
    ("LOSTPTR", "elements", "retain/elements", "retain/lostelems"),
    ("GOLEAK", "query", "goroutine/blocked", "goroutine/blocked"),
    ("GOLEAK", "workers", "goroutine/blocked", "goroutine/blocked"),
    ("TICKER", "services", "timer/ticker", "timer/ticker"),
    ("FINCYCLE", "finalizer", "finalizer/cycle", "finalizer/cycle"),
    ("DEFERLOOP", "pending", "defer/loop", "defer/loop"),
]
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def run(command, folder):
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300, check=False)
    return done.returncode, done.stdout


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-tuza", default=os.path.join(ROOT, "tuza"))
    parser.add_argument("-go", default="")
    options = parser.parse_args()
    static = dynamic = false = mended = 0
    print(f"{'rule':10} {'program':10} {'vet':>5} {'run':>5} {'repaired':>9} {'mended':>8}")
    for rule, name, category, family in FAMILIES:
        with tempfile.TemporaryDirectory() as folder:
            def module(kind):
                with open(os.path.join(ROOT, "tests", "data", "leaks", f"{name}_{kind}.go"), encoding="utf-8") as f:
                    text = f.read()
                version = re.match(r"// go\.mod: go (\S+)", text)
                with open(os.path.join(folder, "go.mod"), "w", encoding="utf-8") as f:
                    f.write(f"module example.com/leaks\n\ngo {version.group(1) if version else '1.27'}\n")
                with open(os.path.join(folder, "x.go"), "w", encoding="utf-8") as f:
                    f.write(text)

            def vet(*flags):
                return run([options.tuza, "vet", *flags], folder)[1]

            def leaks():
                return run([options.tuza, "run", "-leaks", "-f", "-snapshot", "x.tuza", "."], folder)[1]

            def go_prints():
                return run([options.go, "run", "x.go"], folder) if options.go else None

            module("leaky")
            in_source = f"[{category}]" in vet()
            in_run = family in leaks()
            before = go_prints()
            vet("-fix")
            clean = vet() == "" and "tuza: no leaks found" in leaks()
            if options.go:
                clean = clean and run([options.go, "vet", "."], folder)[0] == 0 and go_prints() == before
            module("repaired")
            quiet = vet() == "" and "tuza: no leaks found" in leaks()
        static += in_source
        dynamic += in_run
        false += not quiet
        mended += clean
        say = ["no", "yes"]
        print(f"{rule:10} {name:10} {say[in_source]:>5} {say[in_run]:>5} {'silent' if quiet else 'FOUND':>9} {'clean' if clean else 'NO':>8}", flush=True)
    count = len(FAMILIES)
    print(f"found in the source {static} of {count}, in a run {dynamic} of {count}; findings in repaired programs: {false}; mended {mended} of {count}")
    return 0 if static >= count - 1 and dynamic == count and false == 0 and mended == count else 1


if __name__ == "__main__":
    sys.exit(main())
