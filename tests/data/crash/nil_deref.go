package main

type T struct{ x [4]int }

func get(t *T) int { return t.x[2] }

func main() { println(get(nil)) }
