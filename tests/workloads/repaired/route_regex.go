// expect: healthy bench
// Sorts requests by expressions for their paths.
package main

import (
	"fmt"
	"os"
	"regexp"
)

var rules = []*regexp.Regexp{regexp.MustCompile(`^/shop/item-\d+$`), regexp.MustCompile(`^/user/[a-z]+/orders$`)}

func kind(path string) int {
	for i, rule := range rules {
		if rule.MatchString(path) {
			return i
		}
	}
	return -1
}

func letters(path string) int {
	count := 0
	for _, letter := range path {
		if letter >= 'a' {
			count++
		}
	}
	return count
}

func main() {
	fmt.Println("ready", os.Getpid())
	paths := []string{"/shop/item-12", "/user/anna/orders", "/static/app.css", "/nowhere"}
	total := 0
	for i := 0; ; i++ {
		total += kind(paths[i%4]) + letters(paths[i%4])
	}
}
