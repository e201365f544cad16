// Bytes put together to words and words taken apart, in the shapes that are joined and in shapes that look alike and must not be.
package main

import (
	"encoding/binary"
	"fmt"
)

type buf struct {
	b   []byte
	arr [16]byte
}

//go:noinline
func le16(b []byte) uint16 { return uint16(b[0]) | uint16(b[1])<<8 }

//go:noinline
func be16(b []byte, i int) int { return int(b[i])<<8 | int(b[i+1]) }

//go:noinline
func le32(b []byte, i int) int32 {
	return int32(b[i]) | int32(b[i+1])<<8 | int32(b[i+2])<<16 | int32(b[i+3])<<24
}

//go:noinline
func be24(b []byte) uint32 { return uint32(b[0])<<16 | uint32(b[1])<<8 | uint32(b[2]) }

//go:noinline
func six(b []byte) uint64 {
	return uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 | uint64(b[4])<<32 | uint64(b[5])<<40
}

//go:noinline
func high32(b []byte) uint64 {
	return uint64(b[0])<<32 | uint64(b[1])<<40 | uint64(b[2])<<48 | uint64(b[3])<<56
}

//go:noinline
func le64(b *buf) int64 {
	return int64(uint64(b.b[0]) + uint64(b.b[1])<<8 + uint64(b.b[2])<<16 + uint64(b.b[3])<<24 +
		uint64(b.b[4])<<32 + uint64(b.b[5])<<40 + uint64(b.b[6])<<48 + uint64(b.b[7])<<56)
}

//go:noinline
func halves(b []byte) uint64 {
	_ = b[7]
	lo := uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24
	hi := uint32(b[4]) | uint32(b[5])<<8 | uint32(b[6])<<16 | uint32(b[7])<<24
	return uint64(lo) | uint64(hi)<<32
}

//go:noinline
func mixedOrder(b []byte) uint32 {
	return uint32(b[1]) | uint32(b[0])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24
}

//go:noinline
func lostBits(b []byte) uint16 { return uint16(b[0])<<12 | uint16(b[1])<<4 }

//go:noinline
func same(b []byte) uint16 { return uint16(b[0]) | uint16(b[0])<<8 }

//go:noinline
func signed(b []int8) int { return int(b[0]) | int(b[1])<<8 }

//go:noinline
func twoSlices(a, b []byte) uint16 { return uint16(a[0]) | uint16(b[1])<<8 }

//go:noinline
func put64be(b []byte, v uint64) {
	_ = b[7]
	b[0] = byte(v >> 56)
	b[1] = byte(v >> 48)
	b[2] = byte(v >> 40)
	b[3] = byte(v >> 32)
	b[4] = byte(v >> 24)
	b[5] = byte(v >> 16)
	b[6] = byte(v >> 8)
	b[7] = byte(v)
}

//go:noinline
func putHigh(b []byte, v uint64) {
	_ = b[3]
	b[0] = byte(v >> 32)
	b[1] = byte(v >> 40)
	b[2] = byte(v >> 48)
	b[3] = byte(v >> 56)
}

//go:noinline
func put3(b []byte, v uint32) {
	_ = b[2]
	b[0] = byte(v)
	b[1] = byte(v >> 8)
	b[2] = byte(v >> 16)
}

//go:noinline
func put5(b []byte, v uint64) {
	_ = b[4]
	b[0] = byte(v)
	b[1] = byte(v >> 8)
	b[2] = byte(v >> 16)
	b[3] = byte(v >> 24)
	b[4] = byte(v >> 32)
}

//go:noinline
func putGap(b []byte, v uint32) {
	_ = b[4]
	b[0] = byte(v)
	b[1] = byte(v >> 8)
	b[3] = byte(v >> 16)
	b[4] = byte(v >> 24)
}

//go:noinline
func putAgain(b []byte, v uint32) {
	_ = b[3]
	b[0] = byte(v)
	b[1] = byte(v >> 8)
	b[0] = byte(v >> 16)
	b[1] = byte(v >> 24)
}

//go:noinline
func putTwo(b []byte, v, w uint16) {
	_ = b[3]
	b[0] = byte(v)
	b[1] = byte(w >> 8)
	b[2] = byte(w)
	b[3] = byte(v >> 8)
}

//go:noinline
func putArray(x *buf, v int32) {
	x.arr[4] = byte(v >> 24)
	x.arr[5] = byte(v >> 16)
	x.arr[6] = byte(v >> 8)
	x.arr[7] = byte(v)
	x.arr[8] = byte(v)
	x.arr[9] = byte(v >> 8)
}

//go:noinline
func putSigned(b []byte, v int16) {
	_ = b[3]
	b[0] = byte(v)
	b[1] = byte(v >> 8)
	b[2] = byte(v >> 15)
	b[3] = byte(int32(v) >> 8)
}

// The panic comes after the first bytes are written.
func partial(b []byte, v uint32) (text string) {
	defer func() { text = fmt.Sprint(recover(), b) }()
	b[0] = byte(v)
	b[1] = byte(v >> 8)
	b[2] = byte(v >> 16)
	b[3] = byte(v >> 24)
	return
}

//go:noinline
func moving(b []byte) (s uint32) {
	i := 0
	for i+4 <= len(b) {
		s = s*31 + (uint32(b[i]) | uint32(b[i+1])<<8 | uint32(b[i+2])<<16 | uint32(b[i+3])<<24)
		j := i + 1
		i += 3
		s += uint32(b[j])<<8 | uint32(b[i])
	}
	return
}

func main() {
	b := []byte{0xf1, 0xe2, 0xd3, 0xc4, 0xb5, 0xa6, 0x97, 0x88, 0x79, 0x6a, 0x5b, 0x4c, 3, 2, 1, 0xff}
	x := &buf{b: b}
	fmt.Printf("%x %x %x %x %x %x\n", le16(b), be16(b, 3), le32(b, 1), be24(b), six(b), high32(b))
	fmt.Printf("%x %x %x %x %x %x %x\n", le64(x), halves(b), mixedOrder(b), lostBits(b), same(b), signed([]int8{-2, 3}), twoSlices(b, b[3:]))
	for _, put := range []func([]byte){
		func(o []byte) { put64be(o, 0x0102030405060708) },
		func(o []byte) { putHigh(o, 0x1112131415161718) },
		func(o []byte) { put3(o, 0xa1a2a3a4) },
		func(o []byte) { put5(o, 0xb1b2b3b4b5b6b7b8) },
		func(o []byte) { putGap(o, 0xc1c2c3c4) },
		func(o []byte) { putAgain(o, 0xd1d2d3d4) },
		func(o []byte) { putTwo(o, 0xe1e2, 0xf1f2) },
		func(o []byte) { putSigned(o, -2) },
		func(o []byte) { binary.BigEndian.PutUint32(o[1:], 0x21222324) },
		func(o []byte) { binary.LittleEndian.PutUint64(o[3:], binary.BigEndian.Uint64(b[5:])) },
	} {
		o := make([]byte, 12)
		put(o)
		fmt.Printf("%x\n", o)
	}
	putArray(x, -0x01020304)
	fmt.Printf("%x\n", x.arr)
	fmt.Println(partial(make([]byte, 3), 0xffffffff))
	fmt.Println(moving(b))
}
