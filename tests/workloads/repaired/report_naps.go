// expect: healthy bench
// Workers wait at a channel for a job, and requests for the end of theirs.
package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"
)

type job struct {
	rows int
	done chan struct{}
	sum  float64
}

var reports = make(chan *job, 64)

func compute(one *job) {
	sum := 0.0
	for i := 1; i < one.rows; i++ {
		sum += 1 / float64(i)
	}
	one.sum = sum
	close(one.done)
}

func worker() {
	for one := range reports {
		compute(one)
	}
}

func serve(w http.ResponseWriter, _ *http.Request) {
	one := &job{rows: 6000000, done: make(chan struct{})}
	reports <- one
	<-one.done
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
