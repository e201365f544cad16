# command-line-arguments
./text.go:6:6: can inline count
./text.go:15:6: can inline zero
./text.go:17:6: can inline text
./text.go:29:6: can inline out
./text.go:31:6: can inline numbers
./text.go:39:6: can inline sum
./text.go:50:6: can inline hex
./text.go:18:12: inlining call to count
./text.go:19:6: inlining call to zero
./text.go:61:18: inlining call to text
./text.go:61:57: inlining call to out
./text.go:61:76: inlining call to numbers
./text.go:61:84: inlining call to sum
./text.go:61:92: inlining call to hex
./text.go:61:13: inlining call to fmt.Println
./text.go:61:18: inlining call to count
./text.go:61:18: inlining call to zero
./text.go:6:12: b does not escape
./text.go:15:11: b does not escape
./text.go:17:11: a does not escape
./text.go:17:14: b does not escape
./text.go:17:24: raw does not escape
./text.go:18:20: ([]byte)(a) does not escape
./text.go:18:20: zero-copy string->[]byte conversion
./text.go:19:14: ([]byte)(b) does not escape
./text.go:20:15: a + "-" + b does not escape
./text.go:21:19: string(raw) + s does not escape
./text.go:21:14: string(raw) does not escape
./text.go:22:12: string(raw) does not escape
./text.go:25:14: ([]rune)(a) does not escape
./text.go:26:51: string(r) does not escape
./text.go:29:10: a does not escape
./text.go:29:13: b does not escape
./text.go:29:41: a + b escapes to heap
./text.go:34:16: append escapes to heap
./text.go:42:16: append does not escape
./text.go:57:17: string(x[:]) escapes to heap
./text.go:61:13: ... argument does not escape
./text.go:61:18: ~r0 escapes to heap
./text.go:61:40: ([]byte)("abc") does not escape
./text.go:61:40: zero-copy string->[]byte conversion
./text.go:61:18: ([]byte)(a) does not escape
./text.go:61:18: zero-copy string->[]byte conversion
./text.go:61:18: ([]byte)(b) does not escape
./text.go:61:18: a + "-" + b does not escape
./text.go:61:18: string(raw) + s does not escape
./text.go:61:18: string(raw) does not escape
./text.go:61:18: string(raw) does not escape
./text.go:61:18: ([]rune)(a) does not escape
./text.go:61:18: string(r) does not escape
./text.go:61:57: ~r0 escapes to heap
./text.go:61:57: a + b escapes to heap
./text.go:61:76: ~r0 escapes to heap
./text.go:61:76: append escapes to heap
./text.go:61:84: total escapes to heap
./text.go:61:84: append does not escape
./text.go:61:92: ~r0 escapes to heap
./text.go:61:92: string(x[:]) escapes to heap
./text.go:53:21: index bounds check elided
./text.go:53:35: index bounds check elided
./text.go:54:10: index bounds check elided
./text.go:61:92: index bounds check elided
./text.go:61:92: index bounds check elided
./text.go:61:92: index bounds check elided
