// expect: healthy bench
// The worker of a chain of tide mills: sluices push what passed them to a Redis list; the worker takes what has come,
// up to a hundred events at a time, and adds it up for each mill in one pipeline. Once a second it follows the chain of
// mills from the sea to the last pond (each mill's entry names the next) to say which may grind until the tide turns.
//
// Measured: 480 events a second in 12 batches; CPU 0.14 s in 22 s.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"math/rand"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gomodule/redigo/redis"
)

const (
	mills   = 24
	inbox   = "sluices:passed"
	reports = 12 // pushes a second
	each    = 40 // events in a push
	batch   = 100
)

type Passage struct {
	Mill   int     `json:"mill"`
	Litres float64 `json:"litres"`
	Ebb    bool    `json:"ebb"`
}

// Sluices push their passages, all of one report with one command.
type Sluices struct {
	pool *redis.Pool
}

func (s *Sluices) Report() error {
	conn := s.pool.Get()
	defer conn.Close()
	arguments := redis.Args{inbox}
	for i := 0; i < each; i++ {
		text, err := json.Marshal(Passage{rand.Intn(mills), 200 + rand.Float64()*900, rand.Intn(2) == 0})
		if err != nil {
			return err
		}
		arguments = append(arguments, text)
	}
	_, err := conn.Do("RPUSH", arguments...)
	return err
}

func (s *Sluices) Run() {
	for range time.Tick(time.Second / reports) {
		if err := s.Report(); err != nil {
			log.Print(err)
		}
	}
}

type Worker struct {
	pool    *redis.Pool
	batches int64
	events  int64
}

// take waits for the first passage, and takes with it what else has come.
func (w *Worker) take(conn redis.Conn) ([][]byte, error) {
	first, err := redis.ByteSlices(redis.DoWithTimeout(conn, 0, "BLPOP", inbox, 30))
	if err == redis.ErrNil {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	rest, err := redis.ByteSlices(conn.Do("LPOP", inbox, batch-1))
	if err != nil && err != redis.ErrNil {
		return nil, err
	}
	return append([][]byte{first[1]}, rest...), nil
}

func (w *Worker) add(conn redis.Conn, texts [][]byte) error {
	litres := map[int]float64{}
	ebbs := map[int]int{}
	for _, text := range texts {
		var passage Passage
		if err := json.Unmarshal(text, &passage); err != nil {
			log.Printf("dropped %q: %v", text, err)
			continue
		}
		litres[passage.Mill] += passage.Litres
		if passage.Ebb {
			ebbs[passage.Mill]++
		}
	}
	sent := 0
	for mill, amount := range litres {
		key := fmt.Sprintf("mill:%d", mill)
		conn.Send("HINCRBYFLOAT", key, "litres", amount)
		conn.Send("HINCRBY", key, "ebbs", ebbs[mill])
		sent += 2
	}
	if err := conn.Flush(); err != nil {
		return err
	}
	for ; sent > 0; sent-- {
		if _, err := conn.Receive(); err != nil {
			return err
		}
	}
	return nil
}

func (w *Worker) Run() error {
	conn := w.pool.Get()
	defer conn.Close()
	for {
		texts, err := w.take(conn)
		if err != nil {
			return err
		}
		if err := w.add(conn, texts); err != nil {
			return err
		}
		atomic.AddInt64(&w.batches, 1)
		atomic.AddInt64(&w.events, int64(len(texts)))
	}
}

// Chain follows the mills from the sea: where to look next stands in the mill's own entry.
type Chain struct {
	pool *redis.Pool
}

func (c *Chain) Follow() ([]string, error) {
	conn := c.pool.Get()
	defer conn.Close()
	var grinding []string
	for key := "mill:0"; key != ""; {
		values, err := redis.Values(conn.Do("HMGET", key, "litres", "ebbs", "next"))
		if err != nil {
			return nil, err
		}
		var litres float64
		var ebbs int
		var next string
		if _, err := redis.Scan(values, &litres, &ebbs, &next); err != nil {
			return nil, err
		}
		if litres > float64(ebbs)*500 {
			grinding = append(grinding, key)
		}
		key = next
	}
	return grinding, nil
}

func connect() (*redis.Pool, error) {
	command := exec.Command(os.Getenv("PYTHON"), os.Getenv("SERVICES"), "redis")
	command.Stderr = os.Stderr
	told, err := command.Output()
	if err != nil {
		return nil, err
	}
	address := "127.0.0.1:" + strings.TrimSpace(string(told))
	return &redis.Pool{
		MaxIdle:     3,
		IdleTimeout: 4 * time.Minute,
		Dial:        func() (redis.Conn, error) { return redis.Dial("tcp", address) },
	}, nil
}

func found(pool *redis.Pool) error {
	conn := pool.Get()
	defer conn.Close()
	for mill := 0; mill < mills; mill++ {
		next := ""
		if mill+1 < mills {
			next = fmt.Sprintf("mill:%d", mill+1)
		}
		conn.Send("HSET", fmt.Sprintf("mill:%d", mill), "litres", 0, "ebbs", 0, "next", next)
	}
	_, err := conn.Do("")
	return err
}

func main() {
	pool, err := connect()
	if err != nil {
		log.Fatal(err)
	}
	if err := found(pool); err != nil {
		log.Fatal(err)
	}
	worker := &Worker{pool: pool}
	go (&Sluices{pool: pool}).Run()
	go func() { log.Fatal(worker.Run()) }()
	fmt.Printf("ready %d\n", os.Getpid())
	chain := &Chain{pool: pool}
	grinding := 0
	for second := 1; ; second++ {
		time.Sleep(time.Second)
		names, err := chain.Follow()
		if err != nil {
			log.Print(err)
			continue
		}
		grinding = len(names)
		if second%10 == 0 {
			log.Printf("%d events in %d batches, %d mills grind", atomic.LoadInt64(&worker.events),
				atomic.LoadInt64(&worker.batches), grinding)
		}
	}
}
