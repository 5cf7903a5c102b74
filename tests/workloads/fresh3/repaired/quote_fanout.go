// expect: healthy bench
// Asks three carriers for the price of a journey and takes whoever answers first; it plans with the prices of a season.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"time"
)

const (
	carriers = 3
	days     = 3000
	patience = 400 * time.Millisecond
)

type offer struct {
	carrier int
	cents   int
	season  []int64 // the price of each day
}

type carrier struct {
	number int
	base   string
	client *http.Client
}

func (c *carrier) offer(journey int) (*offer, error) {
	answer, err := c.client.Get(fmt.Sprintf("%s/carriers/%d/journeys/%d", c.base, c.number, journey))
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	var found struct {
		Price int `json:"price"`
		Stock int `json:"stock"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&found); err != nil {
		return nil, err
	}
	one := &offer{c.number, found.Price * 100, make([]int64, days)}
	for day := range one.season {
		one.season[day] = int64(one.cents + (day*day+found.Stock*day)%(1+one.cents/4))
	}
	return one, nil
}

type desk struct {
	carriers []*carrier
	sold     int64
	failed   int64
	cheapest int64
}

// best is the first offer that comes.
func (d *desk) best(journey int) (*offer, error) {
	offers := make(chan *offer, len(d.carriers))
	for _, one := range d.carriers {
		go func(one *carrier) {
			if found, err := one.offer(journey); err == nil {
				offers <- found
			}
		}(one)
	}
	select {
	case found := <-offers:
		return found, nil
	case <-time.After(patience):
		return nil, errors.New("nobody answers")
	}
}

func (d *desk) sell(journey int) {
	found, err := d.best(journey)
	if err != nil {
		atomic.AddInt64(&d.failed, 1)
		return
	}
	least := found.season[0]
	for _, cents := range found.season {
		if cents < least {
			least = cents
		}
	}
	atomic.AddInt64(&d.sold, 1)
	atomic.StoreInt64(&d.cheapest, least)
}

func main() {
	python := os.Getenv("PYTHON")
	if python == "" {
		python = "python3"
	}
	starts := exec.Command(python, os.Getenv("SERVICES"), "http", "2")
	starts.Stderr = os.Stderr
	port, err := starts.Output()
	if err != nil {
		panic(err)
	}
	log, err := os.Create("quotes.log")
	if err != nil {
		panic(err)
	}
	base := "http://127.0.0.1:" + strings.TrimSpace(string(port))
	client := &http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 32}}
	d := &desk{}
	for number := 0; number < carriers; number++ {
		d.carriers = append(d.carriers, &carrier{number, base, client})
	}
	go func() {
		journeys := time.NewTicker(20 * time.Millisecond)
		for journey := 0; ; journey++ {
			<-journeys.C
			go d.sell(journey % 700)
		}
	}()
	fmt.Println("ready", os.Getpid())
	began := time.Now()
	for range time.Tick(time.Second) {
		sold, failed := atomic.LoadInt64(&d.sold), atomic.LoadInt64(&d.failed)
		fmt.Fprintf(log, "%d %d sold, %d failed\n", time.Since(began).Milliseconds(), sold, failed)
	}
}
