// expect: pattern=busy-wait bench
// Waits for results in a loop that never blocks.
package main

import (
	"fmt"
	"os"
)

func compute(round int) float64 {
	sum := 0.0
	for i := 1; i < 5000000; i++ {
		sum += float64(round) / float64(i)
	}
	return sum
}

func next(results chan float64) float64 {
	for {
		select { // <- cost
		case found := <-results: // <- cost
			return found
		default: // <- cost
		}
	}
}

func main() {
	fmt.Println("ready", os.Getpid())
	results := make(chan float64, 1)
	go func() {
		for round := 0; ; round++ {
			results <- compute(round)
		}
	}()
	total := 0.0
	for {
		total += next(results) // <- cost
	}
}
