// Arithmetic of long words and the block function of MD5 run on routines of the machine: sums, carries through whole vectors, lengths around every unrolling.
package main

import (
	"crypto/md5"
	"encoding/binary"
	"fmt"
	"hash"
	"math/big"
)

// random is a small generator, the same everywhere.
type random uint64

func (r *random) next() uint64 {
	*r ^= *r << 13
	*r ^= *r >> 7
	*r ^= *r << 17
	return uint64(*r)
}

// number makes a number of n words: random ones, or patterns that carry far.
func (r *random) number(n, kind int) *big.Int {
	words := make([]big.Word, n)
	for i := range words {
		switch kind {
		case 0:
			words[i] = big.Word(r.next())
		case 1:
			words[i] = ^big.Word(0)
		case 2:
			words[i] = big.Word(r.next() & 1)
		}
	}
	if n > 0 && words[n-1] == 0 {
		words[n-1] = 1
	}
	return new(big.Int).SetBits(words)
}

func digest(h hash.Hash, v *big.Int) {
	var sign [1]byte
	sign[0] = byte(v.Sign())
	h.Write(sign[:])
	h.Write(v.Bytes())
}

func main() {
	r := random(88172645463325252)
	one := big.NewInt(1)
	h := md5.New()
	for n := 0; n <= 40; n++ {
		for kind := 0; kind < 9; kind++ {
			x, y := r.number(n, kind%3), r.number(1+(n*7+kind)%23, kind/3)
			sum := new(big.Int).Add(x, y)
			if back := new(big.Int).Sub(sum, y); back.Cmp(x) != 0 {
				fmt.Println("add and sub differ", n, kind)
			}
			diff := new(big.Int).Sub(x, y)
			product := new(big.Int).Mul(x, y)
			q, m := new(big.Int).QuoRem(new(big.Int).Add(product, one), y, new(big.Int))
			if again := new(big.Int).Add(new(big.Int).Mul(q, y), m); again.Sub(again, one).Cmp(product) != 0 {
				fmt.Println("mul and div differ", n, kind)
			}
			left := new(big.Int).Lsh(x, uint(n*13+kind))
			if back := new(big.Int).Rsh(left, uint(n*13+kind)); back.Cmp(x) != 0 {
				fmt.Println("shifts differ", n, kind)
			}
			right := new(big.Int).Rsh(product, uint(n*5+kind))
			for _, v := range []*big.Int{sum, diff, product, q, m, left, right} {
				digest(h, v)
			}
		}
		fmt.Printf("%2d words %x\n", n, h.Sum(nil)[:8])
	}

	p, _ := new(big.Int).SetString("fffffffffffffffffffffffffffffffeffffffffffffffff", 16)
	e := new(big.Int).Exp(big.NewInt(3), new(big.Int).Sub(p, one), p)
	fmt.Println(e, new(big.Int).Exp(big.NewInt(7), r.number(9, 0), r.number(8, 1)))

	// A product longer than the limit of the school method, checked by its remainders.
	x, y := r.number(700, 0), r.number(512, 0)
	z := new(big.Int).Mul(x, y)
	for _, d := range []int64{3, 65537, 1<<61 - 1} {
		m := big.NewInt(d)
		a, b := new(big.Int).Mod(x, m), new(big.Int).Mod(y, m)
		fmt.Println(a.Mul(a, b).Mod(a, m).Cmp(new(big.Int).Mod(z, m)))
	}

	data := make([]byte, 1<<12+3)
	for i := range data {
		data[i] = byte(r.next() >> 32)
	}
	for _, n := range []int{0, 1, 55, 56, 63, 64, 65, 127, 128, 1000, 4096} {
		whole := md5.Sum(data[3 : 3+n])
		pieces := md5.New()
		for rest, step := data[3:3+n], 1; len(rest) > 0; step += 7 {
			k := min(step, len(rest))
			pieces.Write(rest[:k])
			rest = rest[k:]
		}
		fmt.Printf("%4d %x %v\n", n, whole, string(pieces.Sum(nil)) == string(whole[:]))
	}
	var length [8]byte
	binary.LittleEndian.PutUint64(length[:], uint64(z.BitLen()))
	fmt.Printf("%x\n", md5.Sum(length[:]))
}
