package main

import "sort"

type key struct {
	a int
	s string
}

type big [40]int

func main() {
	m := map[string]int{"a": 1, "b": 2, "c": 3}
	m["d"]++
	m["a"] += 10
	delete(m, "b")
	v, ok := m["zzz"]
	println(len(m), m["a"], m["d"], v, ok)
	keys := []string{}
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	for _, k := range keys {
		print(k, "=", m[k], " ")
	}
	println()

	ints := make(map[int]int)
	for i := 0; i < 10000; i++ {
		ints[i*7919] = i
	}
	sum := 0
	for k, v := range ints {
		sum += k - v*7919 + v
	}
	println(len(ints), sum)
	for i := 0; i < 10000; i += 2 {
		delete(ints, i*7919)
	}
	println(len(ints), ints[7919], ints[2*7919])

	structs := map[key][]int{}
	structs[key{1, "x"}] = append(structs[key{1, "x"}], 5, 6)
	structs[key{1, "y"}] = nil
	println(len(structs[key{1, "x"}]), len(structs), structs[key{2, "x"}] == nil)

	ifaces := map[any]string{1: "int", "1": "string", 1.0: "float", key{1, "k"}: "key", [2]int{1, 2}: "array"}
	println(ifaces[1], ifaces["1"], ifaces[1.0], ifaces[key{1, "k"}], ifaces[[2]int{1, 2}], len(ifaces))

	bigs := map[big]big{}
	var b big
	for i := range 20 {
		b[i] = i
		bigs[b] = b
	}
	println(len(bigs), bigs[b][19])

	var nilmap map[string]int
	println(len(nilmap), nilmap["x"])
	for range nilmap {
		println("never")
	}
	nan := 0.0
	nan /= nan
	floats := map[float64]int{0: 1, nan: 2, nan: 3}
	negzero := 0.0
	negzero = -negzero
	println(len(floats), floats[negzero], floats[nan])
	clear(floats)
	println(len(floats))

	seen := 0
	del := map[int]bool{1: true, 2: true, 3: true, 4: true}
	for k := range del {
		delete(del, k)
		seen++
	}
	println(seen, len(del))
	mm := map[string]map[string]int{"x": {"y": 1}, "z": {}}
	mm["x"]["w"] = 2
	println(len(mm["x"]), len(mm["nope"]))
	ptrs := map[*int]int{}
	p, q := new(int), new(int)
	ptrs[p], ptrs[q] = 1, 2
	println(ptrs[p]+ptrs[q]*10, len(ptrs))
	funcs := map[bool]func() string{true: func() string { return "yes" }, false: func() string { return "no" }}
	println(funcs[1 < 2](), funcs[2 < 1]())
}
