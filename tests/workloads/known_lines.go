// The same as known_lines.c in Go, in a goroutine of its own.
package main

import (
	"bufio"
	"fmt"
	"os"
	"syscall"
)

const waits, pages = 23, 211

//go:noinline
func burn(seed uint32, times int64) uint32 {
	for i := int64(0); i < times; i++ { seed = seed*31 + uint32(i%7) } // @hot
	return seed
}

type clerk struct{ whole int }

//go:noinline
func (c *clerk) nap(times int) {
	for i := 0; i < times; i++ {
		pause := syscall.Timespec{Nsec: 1000000}
		syscall.Nanosleep(&pause, nil) // @wait
		c.whole++
	}
}

//go:noinline
func touch(area []byte, count int) uint32 {
	for page := 0; page < count; page++ {
		area[page*4096] = 1 // @touch
	}
	return uint32(area[0])
}

//go:noinline
func work(area []byte, seed uint32) uint32 {
	seed = burn(seed, 150000000) // @calls burn
	c := &clerk{}
	c.nap(waits) // @calls nap
	seed += uint32(c.whole)
	seed += touch(area, pages) // @calls touch
	return seed
}

func main() {
	area, err := syscall.Mmap(-1, 0, pages*4096, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_PRIVATE|syscall.MAP_ANON)
	if err != nil {
		os.Exit(1)
	}
	syscall.Madvise(area, 15)
	fmt.Printf("ready %d\n", os.Getpid())
	words := bufio.NewScanner(os.Stdin)
	if !words.Scan() || words.Text() != "go" {
		return
	}
	done := make(chan uint32)
	go func() {
		done <- work(area, uint32(os.Getpid())) // @calls work
	}()
	fmt.Printf("{\"waits\": %d, \"pages\": %d, \"seed\": %d}\n", waits, pages, <-done)
	for words.Scan() && words.Text() != "stop" {
	}
}
