// expect: healthy bench
// Writes a feed of many entries into one text.
package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

func feed(count int) string {
	var text strings.Builder
	text.WriteString("<feed>")
	for i := 0; i < count; i++ {
		text.WriteString("<entry id=\"")
		text.WriteString(strconv.Itoa(i))
		text.WriteString("\">news of day ")
		text.WriteString(strconv.Itoa(i % 365))
		text.WriteString("</entry>")
	}
	text.WriteString("</feed>")
	return text.String()
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
