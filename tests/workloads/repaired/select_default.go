// expect: healthy bench
// Waits for results until they come.
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
	return <-results
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
		total += next(results)
	}
}
