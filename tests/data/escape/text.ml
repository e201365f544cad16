# command-line-arguments
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
./text.go:61:18: text("abc", "def", ([]byte)("abc"), 'x') escapes to heap
./text.go:61:40: ([]byte)("abc") does not escape
./text.go:61:40: zero-copy string->[]byte conversion
./text.go:61:57: out("a", "b") escapes to heap
./text.go:61:76: numbers(3) escapes to heap
./text.go:61:84: sum(4) escapes to heap
./text.go:61:92: hex(byte(165)) escapes to heap
./text.go:53:21: index bounds check elided
./text.go:53:35: index bounds check elided
./text.go:54:10: index bounds check elided
