// expect: healthy bench
// Watches for northern lights: asks the magnetometers of eight observatories, each a server of its own, how the field of
// the earth moves, and warns if enough of them are restless.
// Measured in the twin: 6 rounds a second, 38 here.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"math"
	"net/http"
	"os"
	"os/exec"
	"sort"
	"strings"
	"sync"
	"time"
)

var names = []string{"Abisko", "Kiruna", "Sodankylä", "Tromsø", "Lerwick", "Reykjavik", "Barrow", "Narsarsuaq"}

type observatory struct {
	name   string
	url    string
	recent []float64
	failed int
}

type reading struct {
	Price int `json:"price"` // nanotesla
	Stock int `json:"stock"`
}

type network struct {
	client        *http.Client
	observatories []*observatory
}

func (n *network) ask(ctx context.Context, o *observatory, minute int) (*reading, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("%s/field/%d", o.url, minute), nil)
	if err != nil {
		return nil, err
	}
	answer, err := n.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s says %s", o.name, answer.Status)
	}
	said := new(reading)
	return said, json.NewDecoder(answer.Body).Decode(said)
}

// round asks all of them for a minute.
func (n *network) round(minute int) {
	ctx, stop := context.WithTimeout(context.Background(), 3*time.Second)
	defer stop()
	var all sync.WaitGroup
	for _, one := range n.observatories {
		all.Add(1)
		go func(one *observatory) {
			defer all.Done()
			said, err := n.ask(ctx, one, minute)
			one.take(said, err)
		}(one)
	}
	all.Wait()
}

func (o *observatory) take(said *reading, err error) {
	if err != nil {
		o.failed++
		return
	}
	o.recent = append(o.recent, float64(said.Price)+float64(said.Stock)/10)
	if len(o.recent) > 60 {
		o.recent = append(o.recent[:0], o.recent[1:]...)
	}
}

// restless is how far the field moves around its median.
func (o *observatory) restless() float64 {
	if len(o.recent) == 0 {
		return 0
	}
	sorted := append([]float64(nil), o.recent...)
	sort.Float64s(sorted)
	median, sum := sorted[len(sorted)/2], 0.0
	for _, value := range sorted {
		sum += math.Abs(value - median)
	}
	return sum / float64(len(sorted))
}

func start(name string, milliseconds string) (*observatory, error) {
	python := os.Getenv("PYTHON")
	if python == "" {
		python = "python3"
	}
	starts := exec.Command(python, os.Getenv("SERVICES"), "http", milliseconds)
	starts.Stderr = os.Stderr
	port, err := starts.Output()
	if err != nil {
		return nil, err
	}
	return &observatory{name: name, url: "http://127.0.0.1:" + strings.TrimSpace(string(port))}, nil
}

func main() {
	file, err := os.Create("aurora.log")
	if err != nil {
		panic(err)
	}
	messages := log.New(file, "", log.Lmicroseconds)
	all := &network{client: &http.Client{}}
	for at, name := range names {
		one, err := start(name, []string{"14", "18", "11", "22"}[at%4])
		if err != nil {
			messages.Fatal(err)
		}
		all.observatories = append(all.observatories, one)
	}
	fmt.Println("ready", os.Getpid())
	began, told, warnings := time.Now(), time.Now(), 0
	for minute := 0; ; minute++ {
		all.round(minute)
		restless := 0
		for _, one := range all.observatories {
			if one.restless() > 120 {
				restless++
			}
		}
		if restless >= 5 {
			warnings++
		}
		if time.Since(told) > time.Second {
			told = time.Now()
			messages.Printf("%.2f rounds a second, %d warnings", float64(minute+1)/told.Sub(began).Seconds(), warnings)
		}
	}
}
