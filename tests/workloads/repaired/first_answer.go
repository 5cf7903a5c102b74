// expect: healthy bench
// Asks three stores for the stock of an article and takes the first answer: there is room for the others.
package main

import (
	"fmt"
	"os"
	"time"
)

type stock struct {
	store   int
	pieces  int
	shelves []int32
}

func ask(store, article int) *stock {
	time.Sleep(time.Duration(1+(store*7+article)%5) * time.Millisecond)
	found := &stock{store: store, pieces: article % 40, shelves: make([]int32, 4000)}
	for shelf := range found.shelves {
		found.shelves[shelf] = int32(article*shelf) % 97
	}
	return found
}

func first(article int) *stock {
	answers := make(chan *stock, 3)
	for store := 0; store < 3; store++ {
		go func(store int) {
			answers <- ask(store, article)
		}(store)
	}
	return <-answers
}

func main() {
	fmt.Println("ready", os.Getpid())
	total := 0
	for article := 0; ; article++ {
		total += first(article).pieces
		time.Sleep(10 * time.Millisecond)
	}
}
