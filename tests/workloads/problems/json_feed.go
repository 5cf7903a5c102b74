// expect: pattern=serialization-overhead bench
// Answers with a list that hardly ever changes, encoded for each request.
package main

import (
	"encoding/json"
	"fmt"
	"os"
)

type item struct {
	ID    int               `json:"id"`
	Title string            `json:"title"`
	Tags  []string          `json:"tags"`
	More  map[string]string `json:"more"`
}

func answer(items []item) []byte {
	body, err := json.Marshal(items) // <- cost
	if err != nil {
		panic(err)
	}
	return body
}

func titles(items []item) int {
	count := 0
	for i := range items {
		count += len(items[i].Title)
	}
	return count
}

func main() {
	items := make([]item, 200)
	for i := range items {
		items[i] = item{i, fmt.Sprint("title ", i), []string{"new", "used"}, map[string]string{"place": "north", "state": "good"}}
	}
	fmt.Println("ready", os.Getpid())
	total := 0
	for {
		total += len(answer(items)) + titles(items)
	}
}
