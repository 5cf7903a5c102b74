// expect: pattern=failing-dependency bench
// Gathers the values of meters and pushes them to a collector, which is down: each push is tried twenty times at once.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"net"
	"net/http"
	"os"
	"sort"
	"time"
)

const (
	meters   = 80
	attempts = 20
	kept     = 64
)

type series struct {
	values [60]float64
	next   int
}

func (s *series) add(value float64) {
	s.values[s.next%len(s.values)] = value
	s.next++
}

// summary: mean, spread and the value that nine of ten stay below.
func (s *series) summary() (float64, float64, float64) {
	sorted := make([]float64, len(s.values))
	copy(sorted, s.values[:])
	sort.Float64s(sorted)
	mean, squares := 0.0, 0.0
	for i, value := range sorted {
		step := value - mean
		mean += step / float64(i+1)
		squares += step * (value - mean)
	}
	return mean, math.Sqrt(squares / float64(len(sorted))), sorted[len(sorted)*9/10]
}

func encode(all []series, round int) []byte {
	var out bytes.Buffer
	for i := range all {
		mean, spread, high := all[i].summary()
		fmt.Fprintf(&out, "meter_%d %d %.3f %.3f %.3f\n", i, round, mean, spread, high)
	}
	fmt.Fprintf(&out, "# %08x\n", crc32.ChecksumIEEE(out.Bytes()))
	return out.Bytes()
}

type pusher struct {
	client *http.Client
	url    string
	spool  [][]byte
	failed int
}

func (p *pusher) try(body []byte) error {
	answer, err := p.client.Post(p.url, "text/plain", bytes.NewReader(body)) // <- cost
	if err != nil {
		return err
	}
	answer.Body.Close()
	if answer.StatusCode >= 500 {
		return errors.New(answer.Status)
	}
	return nil
}

func (p *pusher) push(body []byte) {
	for attempt := 0; attempt < attempts; attempt++ {
		if p.try(body) == nil { // <- cost
			return
		}
		p.failed++
	}
	p.spool = append(p.spool, body)
	if len(p.spool) > kept {
		p.spool = append(p.spool[:0], p.spool[1:]...)
	}
}

// unused is a port at which nothing listens.
func unused() int {
	listening, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	defer listening.Close()
	return listening.Addr().(*net.TCPAddr).Port
}

func main() {
	all := make([]series, meters)
	p := &pusher{client: &http.Client{Timeout: 2 * time.Second}, url: fmt.Sprintf("http://127.0.0.1:%d/push", unused())}
	log, err := os.Create("push.log")
	if err != nil {
		panic(err)
	}
	fmt.Println("ready", os.Getpid())
	began := time.Now()
	told := began
	for round := 1; ; round++ {
		for i := range all {
			all[i].add(math.Sin(float64(round*i)/50) * float64(i%17))
		}
		if round%5 == 0 {
			p.push(encode(all, round)) // <- cost
		}
		if round%5 == 0 && time.Since(told) > time.Second {
			told = time.Now()
			fmt.Fprintf(log, "%d %d rounds, %d pushes failed\n", told.Sub(began).Milliseconds(), round, p.failed)
		}
	}
}
