// expect: pattern=gc-pressure bench
// Renders tiles; each one gets a large buffer of its own.
package main

import (
	"fmt"
	"os"
)

func render(number int) int {
	tile := make([]byte, 8<<20) // <- cost
	for at := 0; at < len(tile); at += 4096 {
		tile[at] = byte(number + at) // <- cost
	}
	return int(tile[4096])
}

func sum(numbers []int) int {
	total := 0
	for _, number := range numbers {
		total += number
	}
	return total
}

func main() {
	fmt.Println("ready", os.Getpid())
	numbers := make([]int, 10000)
	total := 0
	for number := 0; ; number++ {
		total += render(number) + sum(numbers)
	}
}
