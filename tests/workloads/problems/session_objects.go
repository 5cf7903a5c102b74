// expect: pattern=gc-pressure bench
// Keeps sessions as trees of small objects and makes new ones for each request.
package main

import (
	"fmt"
	"os"
)

var names = []string{"user", "cart", "theme", "language"}

type field struct {
	name  *string
	value *int
	next  *field
}

func session(fields int) *field {
	var first *field
	for i := 0; i < fields; i++ {
		name := names[i%len(names)] // <- cost
		value := i // <- cost
		first = &field{name: &name, value: &value, next: first} // <- cost
	}
	return first
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
	kept := make([]*field, 2000)
	numbers := make([]int, 1000)
	total := 0
	for i := 0; ; i++ {
		kept[i%len(kept)] = session(500)
		total += sum(numbers)
	}
}
