// Keeps 37 MB, makes garbage besides, and tells what its runtime says of its heap after each collection. For each line
// that it reads it keeps 11 MB more, and tells again.
package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
)

var (
	kept    [][]byte
	garbage []byte
)

func keep(megabytes int) {
	for n := 0; n < megabytes; n++ {
		kept = append(kept, make([]byte, 1<<20))
		garbage = make([]byte, 1<<20)
	}
	garbage = nil
}

// tell: bytes in use, all that were ever made, and collections, right after one.
func tell(word string) {
	var memory runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&memory)
	fmt.Println(word, os.Getpid(), memory.HeapAlloc, memory.TotalAlloc, memory.LastGC)
}

func main() {
	keep(37)
	tell("ready")
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		keep(11)
		tell("kept")
	}
}
