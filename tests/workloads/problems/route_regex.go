// expect: pattern=repeated-computation bench
// Sorts requests by expressions for their paths.
package main

import (
	"fmt"
	"os"
	"regexp"
)

var rules = []string{`^/shop/item-\d+$`, `^/user/[a-z]+/orders$`, `^/static/.*\.(css|js)$`}

func kind(path string) int {
	for i, rule := range rules {
		if found, _ := regexp.MatchString(rule, path); found { // <- cost
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
