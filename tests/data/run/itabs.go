// Interface types with the same methods, more of them than a table holds at first: a value goes from one to the other and stays itself.
package main

import "fmt"

type first[T any] interface{ M(T) int }
type second[T any] interface{ M(x T) int }
type more[T any] interface {
	M(T) int
	m()
}

type impl[T any] struct{ n int }

func (i impl[T]) M(T) int { return i.n }

type full[T any] struct{ impl[T] }

func (full[T]) m() {}

func try[T any]() int {
	var zero T
	var x any = impl[T]{1}
	a := x.(first[T])
	b := second[T](a)
	if any(a) != any(b) || a != first[T](b) {
		fmt.Printf("%T is not itself\n", x)
	}
	if _, ok := x.(more[T]); ok {
		fmt.Printf("%T has no method m\n", x)
	}
	x = full[T]{impl[T]{10}}
	return a.M(zero) + b.M(zero) + x.(second[T]).M(zero) + x.(more[T]).M(zero)
}

func main() {
	total := 0
	total += try[[0]int]() + try[[1]int]() + try[[2]int]() + try[[3]int]() + try[[4]int]() + try[[5]int]() + try[[6]int]() + try[[7]int]() + try[[8]int]() + try[[9]int]()
	total += try[[10]int]() + try[[11]int]() + try[[12]int]() + try[[13]int]() + try[[14]int]() + try[[15]int]() + try[[16]int]() + try[[17]int]() + try[[18]int]() + try[[19]int]()
	total += try[[20]int]() + try[[21]int]() + try[[22]int]() + try[[23]int]() + try[[24]int]() + try[[25]int]() + try[[26]int]() + try[[27]int]() + try[[28]int]() + try[[29]int]()
	total += try[[30]int]() + try[[31]int]() + try[[32]int]() + try[[33]int]() + try[[34]int]() + try[[35]int]() + try[[36]int]() + try[[37]int]() + try[[38]int]() + try[[39]int]()
	total += try[[40]int]() + try[[41]int]() + try[[42]int]() + try[[43]int]() + try[[44]int]() + try[[45]int]() + try[[46]int]() + try[[47]int]() + try[[48]int]() + try[[49]int]()
	total += try[[50]int]() + try[[51]int]() + try[[52]int]() + try[[53]int]() + try[[54]int]() + try[[55]int]() + try[[56]int]() + try[[57]int]() + try[[58]int]() + try[[59]int]()
	total += try[[60]int]() + try[[61]int]() + try[[62]int]() + try[[63]int]() + try[[64]int]() + try[[65]int]() + try[[66]int]() + try[[67]int]() + try[[68]int]() + try[[69]int]()
	total += try[[70]int]() + try[[71]int]() + try[[72]int]() + try[[73]int]() + try[[74]int]() + try[[75]int]() + try[[76]int]() + try[[77]int]() + try[[78]int]() + try[[79]int]()
	total += try[[80]int]() + try[[81]int]() + try[[82]int]() + try[[83]int]() + try[[84]int]() + try[[85]int]() + try[[86]int]() + try[[87]int]() + try[[88]int]() + try[[89]int]()
	total += try[[90]int]() + try[[91]int]() + try[[92]int]() + try[[93]int]() + try[[94]int]() + try[[95]int]() + try[[96]int]() + try[[97]int]() + try[[98]int]() + try[[99]int]()
	total += try[[100]int]() + try[[101]int]() + try[[102]int]() + try[[103]int]() + try[[104]int]() + try[[105]int]() + try[[106]int]() + try[[107]int]() + try[[108]int]() + try[[109]int]()
	total += try[[110]int]() + try[[111]int]() + try[[112]int]() + try[[113]int]() + try[[114]int]() + try[[115]int]() + try[[116]int]() + try[[117]int]() + try[[118]int]() + try[[119]int]()
	total += try[[120]int]() + try[[121]int]() + try[[122]int]() + try[[123]int]() + try[[124]int]() + try[[125]int]() + try[[126]int]() + try[[127]int]() + try[[128]int]() + try[[129]int]()
	total += try[[130]int]() + try[[131]int]() + try[[132]int]() + try[[133]int]() + try[[134]int]() + try[[135]int]() + try[[136]int]() + try[[137]int]() + try[[138]int]() + try[[139]int]()
	fmt.Println(total)
}
