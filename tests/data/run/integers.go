package main

func shifts(x int32, u uint8, n uint) {
	println(x<<n, x>>n, u<<n, u>>n, int64(x)<<n, uint64(u)<<(n*7))
}

func div(a, b int64) { println(a/b, a%b, -a/b, -a%b) }

func main() {
	var i8 int8 = 127
	i8++
	println(i8, -i8, i8-1)
	var u8 uint8 = 200
	u8 += 100
	println(u8, ^u8, u8<<1, -u8)
	var u16 uint16 = 65535
	u16 *= u16
	println(u16)
	var u32 uint32 = 1 << 31
	println(u32+u32, u32*3, ^u32, u32>>31)
	var i32 int32 = -1 << 31
	println(i32-1, -i32, i32/-1, i32%-1)
	var i64 int64 = -1 << 63
	println(i64-1, -i64, i64/-1, i64%-1)
	for _, n := range []uint{0, 1, 7, 8, 31, 32, 63, 64, 100} {
		shifts(-12345, 0xA5, n)
	}
	div(7, 2)
	div(-7, 3)
	div(1<<62, -3)
	f := 3.99
	println(int(f), int(-f), int8(int(f)), uint8(int(f)+253))
	big := 1e18
	println(int64(big), uint64(big*10), uint32(int64(big)))
	println(float32(16777217), float64(float32(0.1)) == 0.1, float32(1)/3)
	var h uint64 = 14695981039346656037
	for _, c := range []byte("hash me") {
		h ^= uint64(c)
		h *= 1099511628211
	}
	println(h)
	a, b := 6, 3
	a &^= b
	println(a, a|b, a^b, a&b, 7&^5)
	var up uintptr = 10
	println(up-11 > up, uint(up)%3)
	c := complex(3, -4)
	println(c*c, c/complex(1, 2), real(c), imag(c), c == complex(3, -4))
	x := 0.0
	println(1/x, -1/x, x/x == x/x, x == -x)
	var r rune = 'é'
	println(r, string(r), len(string(r)), r>>1)
	const huge = 1 << 100
	println(huge>>98, huge%7)
	sum := 0
	for i := range 10 {
		if i == 5 {
			continue
		}
		sum += i
	}
	println(sum)
	println(min(3, 1, 2), max(2.5, 1), min("b", "a"))
}
