package main

func f(n int) { panic("boom") }

func main() { f(1) }
