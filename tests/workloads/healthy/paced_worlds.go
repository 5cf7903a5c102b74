// expect: healthy bench
// Each sleep is a pace: a simulation at 60 steps a second, a worker that rests between batches, a bucket that is filled
// once a millisecond, a feed that sends at a rate, and a client that waits ever longer.
package main

import (
	"fmt"
	"os"
	"sync"
	"time"
)

type world struct {
	x, v [4000]float64
}

func (w *world) step() {
	for round := 0; round < 60; round++ {
		for i := range w.x {
			w.v[i] -= 0.01 * w.x[i]
			w.x[i] += 0.01 * w.v[i]
		}
	}
}

func simulate() {
	one := &world{}
	one.x[7] = 1
	const frame = time.Second / 60
	for {
		began := time.Now()
		one.step()
		if left := frame - time.Since(began); left > 0 {
			time.Sleep(left)
		}
	}
}

func batches() {
	sums := map[int]int{}
	for {
		for i := 0; i < 50000; i++ {
			sums[i%1000] += i
		}
		time.Sleep(20 * time.Millisecond)
	}
}

type bucket struct {
	mu     sync.Mutex
	tokens int
}

func (b *bucket) fill() {
	for {
		time.Sleep(time.Millisecond)
		b.mu.Lock()
		if b.tokens < 100 {
			b.tokens++
		}
		b.mu.Unlock()
	}
}

func feed(prices chan<- float64) {
	price := 100.0
	for {
		price *= 1.0001
		prices <- price
		time.Sleep(2 * time.Millisecond)
	}
}

func store(prices <-chan float64) {
	kept := make([]float64, 0, 1000)
	for price := range prices {
		kept = append(kept, price)
		if len(kept) == cap(kept) {
			kept = kept[:0]
		}
	}
}

func connect() {
	for wait := time.Millisecond; ; wait = min(2*wait, time.Second) {
		if _, err := os.Stat("/nonexistent/socket"); err == nil {
			return
		}
		time.Sleep(wait)
	}
}

func min(a, b time.Duration) time.Duration {
	if a < b {
		return a
	}
	return b
}

func main() {
	prices := make(chan float64)
	go simulate()
	go batches()
	go (&bucket{}).fill()
	go feed(prices)
	go store(prices)
	go connect()
	fmt.Println("ready", os.Getpid())
	select {}
}
