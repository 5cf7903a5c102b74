// expect: healthy bench
// Writes a feed of many entries into one text.
package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

var text []byte

func feed(count int) []byte {
	text = append(text[:0], "<feed>"...)
	for i := 0; i < count; i++ {
		text = append(text, "<entry id=\""...)
		text = strconv.AppendInt(text, int64(i), 10)
		text = append(text, "\">news of day "...)
		text = strconv.AppendInt(text, int64(i%365), 10)
		text = append(text, "</entry>"...)
	}
	text = append(text, "</feed>"...)
	return text
}

func tags(count int) string {
	parts := make([]string, 0, count)
	for i := 0; i < count; i++ {
		parts = append(parts, "tag"+strconv.Itoa(i%50))
	}
	return strings.Join(parts, ",")
}

func main() {
	fmt.Println("ready", os.Getpid())
	total := 0
	for {
		total += len(feed(2500)) + len(tags(200))
	}
}
