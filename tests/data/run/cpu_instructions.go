// AES and CRC-32 against known answers and against slow ways to the same result: where the machine has instructions for them they are used.
package main

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/hex"
	"fmt"
	"hash/crc32"
)

func bitwise(poly uint32, p []byte) uint32 {
	c := ^uint32(0)
	for _, b := range p {
		c ^= uint32(b)
		for range 8 {
			c = c>>1 ^ poly&-(c&1)
		}
	}
	return ^c
}

func main() {
	data := make([]byte, 9001)
	x := uint32(7)
	for i := range data {
		x = x*1664525 + 1013904223
		data[i] = byte(x >> 24)
	}
	castagnoli := crc32.MakeTable(crc32.Castagnoli)
	for _, n := range []int{0, 1, 15, 16, 63, 64, 65, 79, 80, 127, 128, 191, 192, 503, 504, 600, 1000, 4031, 4032, 4100, 9000} {
		for _, at := range []int{0, 1} {
			p := data[at : at+n]
			if crc32.ChecksumIEEE(p) != bitwise(crc32.IEEE, p) {
				fmt.Println("IEEE differs", at, n)
			}
			if crc32.Checksum(p, castagnoli) != bitwise(crc32.Castagnoli, p) {
				fmt.Println("Castagnoli differs", at, n)
			}
		}
	}
	fmt.Printf("%08x %08x\n", crc32.ChecksumIEEE(data), crc32.Checksum(data, castagnoli))

	plain, _ := hex.DecodeString("00112233445566778899aabbccddeeff")
	for _, bits := range []int{128, 192, 256} {
		key := make([]byte, bits/8)
		for i := range key {
			key[i] = byte(i)
		}
		block, err := aes.NewCipher(key)
		if err != nil {
			panic(err)
		}
		out, back := make([]byte, 16), make([]byte, 16)
		block.Encrypt(out, plain)
		block.Decrypt(back, out)
		fmt.Println(bits, hex.EncodeToString(out), bytes.Equal(back, plain))

		// The counter passes 2^64 in the middle.
		iv, _ := hex.DecodeString("0102030405060708fffffffffffffffa")
		whole, pieces := make([]byte, 500), make([]byte, 500)
		cipher.NewCTR(block, iv).XORKeyStream(whole, data[:500])
		s := cipher.NewCTR(block, iv)
		for i := 0; i < 500; i += 7 {
			end := min(i+7, 500)
			s.XORKeyStream(pieces[i:end], data[i:end])
		}
		fmt.Printf("%08x %v\n", crc32.ChecksumIEEE(whole), bytes.Equal(whole, pieces))

		cbc := make([]byte, 480)
		cipher.NewCBCEncrypter(block, iv).CryptBlocks(cbc, data[:480])
		fmt.Printf("%08x", crc32.ChecksumIEEE(cbc))
		cipher.NewCBCDecrypter(block, iv).CryptBlocks(cbc, cbc)
		fmt.Println(bytes.Equal(cbc, data[:480]))

		gcm, err := cipher.NewGCM(block)
		if err != nil {
			panic(err)
		}
		sealed := gcm.Seal(nil, iv[:12], data[:300], data[300:333])
		opened, err := gcm.Open(nil, iv[:12], sealed, data[300:333])
		fmt.Printf("%08x %v %v\n", crc32.ChecksumIEEE(sealed), bytes.Equal(opened, data[:300]), err)
		sealed[5] ^= 1
		_, err = gcm.Open(nil, iv[:12], sealed, data[300:333])
		fmt.Println(err)
	}
}
