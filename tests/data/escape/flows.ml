# command-line-arguments
./flows.go:81:67: devirtualizing s.area to square
./flows.go:14:11: leaking param: p
./flows.go:15:11: leaking param: p to result ~r0 level=0
./flows.go:16:14: leaking param: n to result ~r0 level=1
./flows.go:17:11: leaking param: a to result y level=0
./flows.go:17:14: leaking param: b to result x level=0
./flows.go:18:11: n does not escape
./flows.go:28:2: moved to heap: x
./flows.go:36:11: new(int) escapes to heap
./flows.go:39:11: new(int) does not escape
./flows.go:47:23: func literal escapes to heap
./flows.go:47:16: append escapes to heap
./flows.go:50:8: func literal does not escape
./flows.go:56:39: (*node).shrink ignoring self-assignment in n.data = n.data[:i]
./flows.go:56:7: n does not escape
./flows.go:59:6: moved to heap: big
./flows.go:60:11: make([]byte, 10) does not escape
./flows.go:61:11: make([]byte, n) does not escape
./flows.go:63:11: make([]int, 131072) escapes to heap
./flows.go:65:11: make([]int, 8) does not escape
./flows.go:69:19: leaking param: s
./flows.go:70:13: ... argument does not escape
./flows.go:70:14: i escapes to heap
./flows.go:70:17: s escapes to heap
./flows.go:70:20: "const" escapes to heap
./flows.go:70:29: &node{} escapes to heap
./flows.go:71:14: i does not escape
./flows.go:80:14: leaking param: s
./flows.go:81:49: square{...} does not escape
./flows.go:83:15: p does not escape
./flows.go:85:6: moved to heap: i
./flows.go:84:8: func literal does not escape
./flows.go:88:10: &node{} escapes to heap
./flows.go:91:15: leaking param: v to result ~r0 level=0
./flows.go:95:7: moved to heap: v
./flows.go:101:11: leaking param: k
./flows.go:102:22: map[string]*int{...} does not escape
./flows.go:102:31: new(int) escapes to heap
./flows.go:103:12: new(int) escapes to heap
./flows.go:104:13: []*int{...} does not escape
./flows.go:104:17: new(int) does not escape
./flows.go:109:10: new(int) escapes to heap
./flows.go:110:18: new(int) does not escape
./flows.go:110:28: new(int) does not escape
./flows.go:111:13: ... argument does not escape
./flows.go:111:14: *a escapes to heap
./flows.go:111:18: *b escapes to heap
./flows.go:111:52: content(&node{...}) != nil escapes to heap
./flows.go:111:30: &node{...} does not escape
./flows.go:111:42: &node{} does not escape
./flows.go:111:64: look(&node{}) escapes to heap
./flows.go:111:65: &node{} does not escape
./flows.go:111:80: local() escapes to heap
./flows.go:111:84: *result() escapes to heap
./flows.go:111:100: loops(3) escapes to heap
./flows.go:111:108: len(perIteration(2)) escapes to heap
./flows.go:111:132: sizes(4) escapes to heap
./flows.go:113:13: ... argument does not escape
./flows.go:113:21: dynamic(square{...}) escapes to heap
./flows.go:113:28: square{...} escapes to heap
./flows.go:113:39: known() escapes to heap
./flows.go:113:52: 1 escapes to heap
./flows.go:113:60: maps("b") escapes to heap
./flows.go:114:7: &node{...} does not escape
./flows.go:114:23: make([]byte, 4) does not escape
./flows.go:116:14: new(int) does not escape
