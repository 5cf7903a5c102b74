// expect: pattern=polling-loop bench
// Workers look for a job five thousand times a second, and requests for the end of theirs.
package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

type job struct {
	rows int
	done atomic.Bool
	sum  float64
}

type queue struct {
	mu   sync.Mutex
	jobs []*job
}

func (q *queue) add(one *job) {
	q.mu.Lock()
	q.jobs = append(q.jobs, one)
	q.mu.Unlock()
}

func (q *queue) take() *job {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.jobs) == 0 {
		return nil
	}
	one := q.jobs[0]
	q.jobs = q.jobs[1:]
	return one
}

var (
	reports queue
	naps    atomic.Int64
)

func compute(one *job) {
	sum := 0.0
	for i := 1; i < one.rows; i++ {
		sum += 1 / float64(i)
	}
	one.sum = sum
	one.done.Store(true)
}

func (one *job) waits() bool {
	naps.Add(1)
	return !one.done.Load()
}

func worker() {
	for {
		one := reports.take() // <- cost
		if one == nil {
			naps.Add(1)
			time.Sleep(200 * time.Microsecond) // <- cost
			continue
		}
		compute(one)
	}
}

func serve(w http.ResponseWriter, _ *http.Request) {
	one := &job{rows: 6000000}
	reports.add(one)
	for one.waits() {
		time.Sleep(200 * time.Microsecond) // <- cost
	}
	fmt.Fprintln(w, one.sum)
}

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	for i := 0; i < 4; i++ {
		go worker()
	}
	go http.Serve(listener, http.HandlerFunc(serve))
	fmt.Println("ready", os.Getpid())
	go func() {
		for before := int64(0); ; {
			time.Sleep(time.Second)
			now := naps.Load()
			fmt.Println("naps", now-before)
			before = now
		}
	}()
	for {
		answer, err := http.Get("http://" + listener.Addr().String())
		if err != nil {
			panic(err)
		}
		io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
		time.Sleep(10 * time.Millisecond)
	}
}
