// expect: healthy bench
// Four workers of Go take jobs from a channel; the lock that they share is held for an addition.
package main

import (
	"fmt"
	"os"
	"sync"
	"time"
)

var mu sync.Mutex
var total int

func work(jobs chan int) {
	for n := range jobs {
		s := 0
		for i := 0; i < 20000; i++ {
			s += i * n % 7
		}
		mu.Lock()
		total += s
		mu.Unlock()
	}
}

func main() {
	jobs := make(chan int, 16)
	for i := 0; i < 4; i++ {
		go work(jobs)
	}
	fmt.Println("ready", os.Getpid())
	for n := 0; ; n++ {
		jobs <- n
		time.Sleep(3 * time.Millisecond)
	}
}
