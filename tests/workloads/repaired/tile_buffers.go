// expect: healthy bench
// Renders tiles; all share one large buffer.
package main

import (
	"fmt"
	"os"
)

func render(tile []byte, number int) int {
	for at := 0; at < len(tile); at += 4096 {
		tile[at] = byte(number + at)
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
	tile := make([]byte, 8<<20)
	numbers := make([]int, 10000)
	total := 0
	for number := 0; ; number++ {
		total += render(tile, number) + sum(numbers)
	}
}
