// expect: healthy bench
// Joins two sorted streams in one pass.
package main

import (
	"fmt"
	"os"
)

type row struct {
	key   int
	value float64
}

func stream(count, step int) []row {
	rows := make([]row, count)
	for i := range rows {
		rows[i] = row{i * step, float64(i % 97)}
	}
	return rows
}

func join(left, right []row) (int, float64) {
	matches, sum := 0, 0.0
	for i, j := 0, 0; i < len(left) && j < len(right); {
		switch {
		case left[i].key < right[j].key:
			i++
		case left[i].key > right[j].key:
			j++
		default:
			matches++
			sum += left[i].value * right[j].value
			i++
			j++
		}
	}
	return matches, sum
}

func main() {
	fmt.Println("ready", os.Getpid())
	left, right := stream(100000, 2), stream(100000, 3)
	total := 0.0
	for {
		matches, sum := join(left, right)
		total += sum / float64(matches)
	}
}
