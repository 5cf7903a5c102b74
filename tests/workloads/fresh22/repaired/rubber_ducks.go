// expect: healthy bench
// The timekeeping of a charity rubber duck race: gates across the river read the tags of the ducks that float through
// and post them a raft at a time; the desk keeps each duck's splits, how far it is, and the sponsors' metres in Redis.
//
// Measured: A raft of 220 ducks takes 17.6 ms, in the twin 1.6 ms; both take 14 rafts a second.
// CPU 9.0 % of a core (Redis 7.4 %), in the twin 1.0 % (Redis 1.3 %).
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"math/rand"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gomodule/redigo/redis"
	"github.com/gorilla/mux"
)

const (
	ducks    = 1800
	sponsors = 60
	gates    = 8
	raft     = 220 // ducks that a gate reports together
	stretch  = 250 // metres from gate to gate
	progress = "race:progress"
	pledges  = "race:pledges"
)

type Passing struct {
	Duck   int   `json:"duck"`
	Millis int64 `json:"millis"`
}

type Place struct {
	Duck  string `json:"duck"`
	Score int64  `json:"score"`
}

// Standings is what the desk keeps of the race.
type Standings struct {
	pool *redis.Pool
}

func splitsKey(duck int) string {
	return "duck:" + strconv.Itoa(duck) + ":splits"
}

// score ranks ducks by the last gate that they passed, and among those of one gate by who was there first.
func score(gate int, millis int64) int64 {
	return int64(gate+1)*100_000_000 - millis
}

func (s *Standings) send(conn redis.Conn, gate int, p Passing) error {
	if err := conn.Send("HSET", splitsKey(p.Duck), gate, p.Millis); err != nil {
		return err
	}
	if err := conn.Send("ZADD", progress, score(gate, p.Millis), p.Duck); err != nil {
		return err
	}
	return conn.Send("HINCRBY", pledges, p.Duck%sponsors, stretch)
}

// Record notes a raft of ducks that passed a gate, all of them in one pipeline.
func (s *Standings) Record(gate int, passed []Passing) error {
	conn := s.pool.Get()
	defer conn.Close()
	for _, p := range passed {
		if err := s.send(conn, gate, p); err != nil {
			return fmt.Errorf("duck %d at gate %d: %w", p.Duck, gate, err)
		}
	}
	if err := conn.Flush(); err != nil {
		return err
	}
	for replies := 3 * len(passed); replies > 0; replies-- {
		if _, err := conn.Receive(); err != nil {
			return fmt.Errorf("gate %d: %w", gate, err)
		}
	}
	return nil
}

// Leaders are the first ducks of the race.
func (s *Standings) Leaders(number int) ([]Place, error) {
	conn := s.pool.Get()
	defer conn.Close()
	said, err := redis.Strings(conn.Do("ZREVRANGE", progress, 0, number-1, "WITHSCORES"))
	if err != nil {
		return nil, err
	}
	places := make([]Place, 0, number)
	for i := 0; i+1 < len(said); i += 2 {
		points, err := strconv.ParseFloat(said[i+1], 64)
		if err != nil {
			return nil, err
		}
		places = append(places, Place{said[i], int64(points)})
	}
	return places, nil
}

// Desk is what the gates and the board beside the bridge talk to.
type Desk struct {
	standings *Standings
	rafts     int64
	refused   int64
	spent     int64
}

// plausible drops what no duck can have done: tags that were not sold, and times from before the start.
func plausible(passed []Passing) []Passing {
	kept := passed[:0]
	for _, p := range passed {
		if p.Duck >= 0 && p.Duck < ducks && p.Millis > 0 {
			kept = append(kept, p)
		}
	}
	return kept
}

func (d *Desk) gate(out http.ResponseWriter, request *http.Request) {
	began := time.Now()
	gate, err := strconv.Atoi(mux.Vars(request)["gate"])
	if err != nil || gate >= gates {
		http.NotFound(out, request)
		return
	}
	var passed []Passing
	if err := json.NewDecoder(http.MaxBytesReader(out, request.Body, 1<<17)).Decode(&passed); err != nil {
		atomic.AddInt64(&d.refused, 1)
		http.Error(out, err.Error(), http.StatusBadRequest)
		return
	}
	kept := plausible(passed)
	if err := d.standings.Record(gate, kept); err != nil {
		log.Print(err)
		http.Error(out, "standings are away", http.StatusServiceUnavailable)
		return
	}
	out.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(out, `{"taken": %d, "dropped": %d}`, len(kept), len(passed)-len(kept))
	atomic.AddInt64(&d.rafts, 1)
	atomic.AddInt64(&d.spent, int64(time.Since(began)))
}

func (d *Desk) board(out http.ResponseWriter, request *http.Request) {
	leaders, err := d.standings.Leaders(10)
	if err != nil {
		http.Error(out, err.Error(), http.StatusServiceUnavailable)
		return
	}
	out.Header().Set("Content-Type", "application/json")
	json.NewEncoder(out).Encode(map[string]interface{}{"leaders": leaders, "ducks": ducks})
}

var client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: gates + 1}}

func drop(answer *http.Response) {
	io.Copy(io.Discard, answer.Body)
	answer.Body.Close()
}

// report is the other side: the reader of one gate, which posts a raft every so often.
func report(address string, gate int, began time.Time) {
	for range time.Tick(time.Second * gates / 14) {
		passed := make([]Passing, raft)
		for i := range passed {
			passed[i] = Passing{rand.Intn(ducks + 3), time.Since(began).Milliseconds()%90_000_000 + int64(i)}
		}
		body, _ := json.Marshal(passed)
		url := fmt.Sprintf("http://%s/gates/%d", address, gate)
		answer, err := client.Post(url, "application/json", bytes.NewReader(body))
		if err != nil {
			os.Exit(1)
		}
		drop(answer)
	}
}

func river(address string) {
	began := time.Now().Add(-time.Minute)
	for gate := 0; gate < gates; gate++ {
		go report(address, gate, began)
		time.Sleep(time.Second / 14)
	}
	for range time.Tick(time.Second) {
		if answer, err := client.Get("http://" + address + "/board"); err == nil {
			drop(answer)
		}
	}
}

// outside starts a copy of this program which is nobody's child here.
func outside(words ...string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	line := append([]string{"-c", `"$0" "$@" >/dev/null 2>&1 </dev/null &`, self}, words...)
	return exec.Command("sh", line...).Run()
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
		MaxIdle:     gates + 1,
		IdleTimeout: 4 * time.Minute,
		Dial:        func() (redis.Conn, error) { return redis.Dial("tcp", address) },
	}, nil
}

func main() {
	if len(os.Args) > 2 && os.Args[1] == "river" {
		river(os.Args[2])
	}
	pool, err := connect()
	if err != nil {
		log.Fatal(err)
	}
	desk := &Desk{standings: &Standings{pool: pool}}
	router := mux.NewRouter()
	router.HandleFunc("/gates/{gate:[0-9]+}", desk.gate).Methods(http.MethodPost)
	router.HandleFunc("/board", desk.board).Methods(http.MethodGet)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go http.Serve(listener, router)
	if err := outside("river", listener.Addr().String()); err != nil {
		log.Fatal(err)
	}
	for atomic.LoadInt64(&desk.rafts) < 20 {
		time.Sleep(50 * time.Millisecond)
	}
	fmt.Printf("ready %d\n", os.Getpid())
	for range time.Tick(10 * time.Second) {
		rafts := atomic.LoadInt64(&desk.rafts)
		each := float64(atomic.LoadInt64(&desk.spent)) / 1e6 / float64(rafts)
		log.Printf("%d rafts, %.2f ms each, %d refused", rafts, each, atomic.LoadInt64(&desk.refused))
	}
}
