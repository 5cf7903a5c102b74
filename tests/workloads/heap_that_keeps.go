// Makes 8 MB a second in records of 1 KB, and garbage of an eighth of that. It keeps all records, or with an argument
// the last 4,000.
package main

import (
	"fmt"
	"os"
	"time"
)

var (
	kept    [][]byte
	next    int
	garbage []byte
)

func record() {
	text := make([]byte, 1024) // @made
	text[0] = 1
	if len(os.Args) > 1 && len(kept) == 4000 {
		kept[next%4000] = text
		next++
	} else {
		kept = append(kept, text)
	}
	garbage = make([]byte, 128)
}

func main() {
	started := time.Now()
	told := false
	for made := 0; ; {
		for due := int(time.Since(started).Seconds() * 8000); made < due; made++ {
			record()
		}
		if !told && made > 8000 {
			told = true
			fmt.Println("ready", os.Getpid())
		}
		time.Sleep(5 * time.Millisecond)
	}
}
