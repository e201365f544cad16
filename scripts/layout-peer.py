#!/usr/bin/env python3
"""Compares the layout of every struct type of the standard library with real Go's compiler, at compile time.

usage: layout-peer.py TUZA GOROOT [GOARCH ...]

For each package a file is added through `go build -overlay` that declares arrays of the sizes, alignments and offsets that
`tuza layout -all -json` prints, and assigns arrays of unsafe.Sizeof, Alignof and Offsetof to them: what differs does not compile.
"""
import collections, json, os, re, subprocess, sys, tempfile

def main():
    tuza, goroot, arches = sys.argv[1].split(), sys.argv[2], sys.argv[3:] or ["amd64", "386", "arm64"]
    work = tempfile.mkdtemp(prefix="layout-peer-")
    failed = 0
    for arch in arches:
        failed += check(tuza, goroot, arch, os.path.join(work, arch))
    sys.exit(1 if failed else 0)

def check(tuza, goroot, arch, work):
    os.makedirs(work)
    out = subprocess.run(tuza + ["layout", "-goroot", goroot, "-all", "-json", "-arch", arch, "std"], capture_output=True, text=True, check=True).stdout
    types = json.loads(out)["types"]
    env = dict(os.environ, GOROOT=goroot, GOARCH=arch, GOOS="linux", CGO_ENABLED="0", GOFLAGS="", GOWORK="off", GOTOOLCHAIN="local")
    go = os.path.join(goroot, "bin", "go")
    listed = subprocess.run([go, "list", "-f", "{{.ImportPath}} {{.Name}} {{.Dir}}", "std"], capture_output=True, text=True, env=env, check=True).stdout
    places = {}
    for line in listed.splitlines():
        path, name, folder = line.split()
        places[path] = (name, folder)
    by_package = collections.defaultdict(list)
    for t in types:
        package, name = t["type"].rsplit(".", 1)
        by_package[package].append((name, t))
    overlay, count, facts = {}, 0, 0
    for package, list_ in sorted(by_package.items()):
        if package not in places:
            print(f"{arch}: {package}: not in go list std")
            continue
        name, folder = places[package]
        lines = [f"package {name}", 'import zz "unsafe"']
        for tname, t in list_:
            if tname == "_":
                continue
            count += 1
            rows = [(f"zz.Sizeof({tname}{{}})", t["size"]), (f"zz.Alignof({tname}{{}})", t["align"])]
            for f in t["fields"]:
                if f["name"] != "_":
                    rows.append((f"zz.Offsetof({tname}{{}}.{f['name']})", f["offset"]))
            for expr, value in rows:
                facts += 1
                lines.append(f"var _ [{value}]struct{{}} = [{expr}]struct{{}}{{}}")
        mine = os.path.join(work, re.sub(r"\W", "_", package) + ".go")
        with open(mine, "w") as f:
            f.write("\n".join(lines) + "\n")
        overlay[os.path.join(folder, "zz_layout_peer.go")] = mine
    with open(os.path.join(work, "overlay.json"), "w") as f:
        json.dump({"Replace": overlay}, f)
    got = subprocess.run([go, "build", "-p", "2", "-gcflags=all=-e -N -l", "-overlay", os.path.join(work, "overlay.json")] + sorted(by_package.keys() & places.keys()),
                         capture_output=True, text=True, env=env)
    lines = [l for l in got.stderr.splitlines() if ".go:" in l]
    # A struct type defined by one of another package has fields that cannot be named here.
    hidden = [l for l in lines if "has no single field" in l]
    errors = [l for l in lines if l not in hidden]
    print(f"{arch}: {len(by_package)} packages, {count} struct types, {facts - len(hidden)} facts, {len(errors)} differences" + ("" if got.returncode == 0 or lines else ": " + got.stderr[:2000]))
    for l in errors[:20]:
        print("  " + l)
    return 0 if got.returncode == 0 or (hidden and not errors) else 1

main()
