// go.mod: go 1.22
// Services look around at intervals until they are told to stop; the list of services remembers them, with their tickers.
package main

import (
	"fmt"
	"sync"
	"time"
)

type service struct {
	every *time.Ticker
	stop  chan bool
	looks int
}

var services []*service

func (s *service) run(done *sync.WaitGroup) {
	defer done.Done()
	s.every = time.NewTicker(time.Hour) // LEAK timer/ticker
	for {
		select {
		case <-s.every.C:
			s.looks++
		case <-s.stop:
			return
		}
	}
}

func main() {
	var done sync.WaitGroup
	for i := 0; i < 20; i++ {
		s := &service{stop: make(chan bool)}
		services = append(services, s)
		done.Add(1)
		go s.run(&done)
	}
	for _, s := range services {
		close(s.stop)
	}
	done.Wait()
	fmt.Println(len(services))
}
