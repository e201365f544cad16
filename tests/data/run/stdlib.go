package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/big"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"text/template"
	"time"
	"unicode"
)

type Inner struct {
	Tags []string          `json:"tags,omitempty"`
	M    map[string]float64 `json:"m"`
}

type Rec struct {
	ID    int     `json:"id"`
	Name  string  `json:"name"`
	Score float64 `json:"score"`
	Inner *Inner  `json:"inner"`
	skip  int
}

type errT struct{ code int }

func (e *errT) Error() string { return "code " + strconv.Itoa(e.code) }

func main() {
	fmt.Printf("%d|%5d|%-5d|%05d|%x|%X|%o|%b|%c|%q|%U\n", 42, 42, 42, 42, 255, 255, 8, 5, 'A', 'B', 0x1F600)
	fmt.Printf("%f|%.2f|%8.3f|%e|%g|%v\n", math.Pi, math.Pi, math.Pi, 12345.678, 1e21, float32(0.1))
	fmt.Printf("%s|%q|%10s|%-10s|%x|% x\n", "héllo", "a\"b\n", "r", "l", "hex", "hex")
	fmt.Printf("%v|%+v|%#v|%T\n", Rec{1, "n", 2, nil, 0}, Rec{ID: 1}, []any{1, "a", nil}, map[string][]int{})
	fmt.Printf("%t|%p|%v|%v\n", true, nil, [3]bool{true}, struct{ A, B any }{1, "x"})
	fmt.Printf("%d %s|%[2]d %[1]v\n", 1, 2)

	data, err := json.Marshal(Rec{7, "seven", 7.5, &Inner{[]string{"a", "b"}, map[string]float64{"z": 1, "a": 2}}, 1})
	fmt.Println(string(data), err)
	var r Rec
	err = json.Unmarshal([]byte(`{"id": 9, "name": "né\u00e9", "inner": {"m": {"q": 1e3}}, "unknown": [1,2,{"x":null}]}`), &r)
	fmt.Printf("%+v %v %v\n", r.Inner, r.Name, err)
	var anyv any
	fmt.Println(json.Unmarshal([]byte(`{"a":[1,true,null,"s"]}`), &anyv), anyv)
	fmt.Println(json.Unmarshal([]byte(`{"a":}`), &anyv))

	e := fmt.Errorf("wrap: %w", &errT{5})
	var et *errT
	fmt.Println(errors.As(e, &et), et.code, errors.Is(e, et), errors.Unwrap(e))

	words := strings.FieldsFunc("one, two;three  four", func(r rune) bool { return !unicode.IsLetter(r) })
	sort.Slice(words, func(i, j int) bool { return words[i] > words[j] })
	fmt.Println(words, strings.Title("title case"), strings.Map(unicode.ToUpper, "straße"), strings.EqualFold("Go", "GO"))
	fmt.Println(strings.NewReplacer("a", "1", "b", "2").Replace("abcab"), strings.Split("a,b,c", ","), strings.TrimLeft("xxabc", "x"))

	re := regexp.MustCompile(`(\w+)@(\w+)\.com`)
	fmt.Println(re.FindAllStringSubmatch("bob@example.com, alice@test.com", -1))
	fmt.Println(re.ReplaceAllString("bob@example.com", "$2 at $1"))

	tm := time.Date(2024, time.February, 29, 13, 4, 5, 678, time.UTC)
	fmt.Println(tm.Format(time.RFC1123), tm.Weekday(), tm.YearDay(), tm.Add(36*time.Hour).Format("2006-01-02"), time.Duration(3723)*time.Second)
	p, err := time.Parse("2006-01-02 15:04", "2023-10-05 07:08")
	fmt.Println(p.Unix(), err)

	x, _ := new(big.Int).SetString("123456789012345678901234567890", 10)
	fmt.Println(new(big.Int).Exp(x, big.NewInt(5), nil), new(big.Int).Mod(x, big.NewInt(97)))

	template.Must(template.New("t").Parse("{{range $i, $e := .}}{{if $i}}, {{end}}{{$e | printf \"%03d\"}}{{end}}\n")).Execute(os.Stdout, []int{1, 2, 3})

	sc := bufio.NewScanner(strings.NewReader("line one\nline two\n"))
	for sc.Scan() {
		fmt.Println(len(sc.Text()), sc.Text())
	}
	var buf bytes.Buffer
	w := io.MultiWriter(&buf, io.Discard)
	fmt.Fprintf(w, "%s", base64.StdEncoding.EncodeToString([]byte("hello, base64")))
	fmt.Println(buf.String())

	v := reflect.ValueOf(&r).Elem()
	for i := range v.NumField() {
		f := v.Type().Field(i)
		fmt.Print(f.Name, ":", f.Type, ":", f.Tag.Get("json"), " ")
	}
	fmt.Println()
	v.FieldByName("Score").SetFloat(1.25)
	out := reflect.ValueOf(strings.Repeat).Call([]reflect.Value{reflect.ValueOf("ab"), reflect.ValueOf(3)})
	fmt.Println(r.Score, out[0], reflect.DeepEqual([]int{1, 2}, []int{1, 2}))
	m := reflect.ValueOf(et).MethodByName("Error").Call(nil)
	fmt.Println(m[0])
	swap := reflect.MakeFunc(reflect.TypeOf(func(int, string) (string, int) { return "", 0 }), func(a []reflect.Value) []reflect.Value { return []reflect.Value{a[1], a[0]} })
	s, n := swap.Interface().(func(int, string) (string, int))(3, "three")
	fmt.Println(s, n)

	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Millisecond)
	defer cancel()
	<-ctx.Done()
	fmt.Println(ctx.Err())

	dir, _ := os.MkdirTemp("", "t")
	defer os.RemoveAll(dir)
	name := filepath.Join(dir, "f.txt")
	fmt.Println(os.WriteFile(name, []byte("content"), 0o644))
	b, err := os.ReadFile(name)
	fmt.Println(string(b), err)
	_, err = os.Stat(filepath.Join(dir, "missing"))
	fmt.Println(os.IsNotExist(err))
	n64, err := strconv.ParseInt("9223372036854775808", 10, 64)
	fmt.Println(n64, err)
	fmt.Println(strconv.Quote("tab\t☺\x00"), strconv.FormatFloat(0.1+0.2, 'g', -1, 64))
}
