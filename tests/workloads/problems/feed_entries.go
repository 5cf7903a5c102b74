// expect: pattern=string-building bench
// Writes a feed of many entries into one text.
package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

func feed(count int) string {
	text := "<feed>"
	for i := 0; i < count; i++ {
		text += "<entry id=\"" + strconv.Itoa(i) + "\">news of day " + strconv.Itoa(i%365) + "</entry>" // <- cost
	}
	return text + "</feed>"
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
