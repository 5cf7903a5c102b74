// expect: healthy bench
// Keeps sessions as slices of plain values, which it fills again and again.
package main

import (
	"fmt"
	"os"
)

type field struct {
	name  uint8
	value int
}

func session(fields []field) []field {
	fields = fields[:0]
	for i := 0; i < 500; i++ {
		fields = append(fields, field{name: uint8(i % 9), value: i})
	}
	return fields
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
	kept := make([][]field, 400)
	numbers := make([]int, 1000)
	total := 0
	for i := 0; ; i++ {
		kept[i%len(kept)] = session(kept[i%len(kept)])
		total += sum(numbers)
	}
}
