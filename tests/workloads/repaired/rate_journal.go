// expect: healthy bench
// Rates that are written to a journal after the lock that their readers need was given back.
package main

import (
	"fmt"
	"os"
	"sync"
	"time"
)

var (
	guard sync.RWMutex
	rates = map[int]float64{}
)

func store(file *os.File, n int) {
	guard.Lock()
	rates[n%100] = float64(n)
	guard.Unlock()
	fmt.Fprintf(file, "%d %f\n", n, float64(n))
	time.Sleep(8 * time.Millisecond) // the journal's other half lies far away
}

func rate(n int) float64 {
	guard.RLock()
	defer guard.RUnlock()
	return rates[n%100]
}

func main() {
	file, _ := os.CreateTemp("", "journal")
	defer os.Remove(file.Name())
	fmt.Println("ready", os.Getpid())
	for w := 0; w < 6; w++ {
		go func() {
			total := 0.0
			for n := 0; ; n++ {
				total += rate(n)
				if n%20 == 0 {
					time.Sleep(time.Millisecond)
				}
			}
		}()
	}
	for n := 0; ; n++ {
		store(file, n)
		time.Sleep(2 * time.Millisecond)
	}
}
