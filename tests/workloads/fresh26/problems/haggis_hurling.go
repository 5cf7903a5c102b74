// expect: pattern=serialization-overhead bench
// Scores of the haggis hurling championship, live: throws come in from the pitches, and the standings go to everybody
// who follows the contest in a browser (server-sent events), eight times a second while there is something new.
//
// Measured: 0.36 cores with the problem, 0.06 in the twin, for the same 250 followers.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math/rand"
	"net"
	"net/http"
	"os"
	"os/exec"
	"sort"
	"strings"
	"sync"
	"time"
)

const (
	followers = 250
	hurlers   = 90
	pitches   = 4
	tick      = 125 * time.Millisecond
)

type Throw struct {
	Round  int     `json:"round"`
	Metres float64 `json:"metres"`
	Valid  bool    `json:"valid"`
}

type Hurler struct {
	Number int     `json:"number"`
	Name   string  `json:"name"`
	Clan   string  `json:"clan"`
	Best   float64 `json:"best"`
	Rank   int     `json:"rank"`
	Throws []Throw `json:"throws"`
}

type Standings struct {
	Sequence int       `json:"sequence"`
	At       time.Time `json:"at"`
	Hurlers  []Hurler  `json:"hurlers"`
}

type Contest struct {
	mutex    sync.Mutex
	hurlers  []Hurler
	sequence int
	dirty    bool
}

func newContest() *Contest {
	clans := []string{"MacLeod", "Campbell", "Fraser", "Gordon", "Munro"}
	contest := &Contest{}
	for n := 0; n < hurlers; n++ {
		contest.hurlers = append(contest.hurlers, Hurler{Number: n + 1, Name: fmt.Sprintf("Hurler %d", n+1), Clan: clans[n%len(clans)]})
	}
	return contest
}

func (c *Contest) Record(number int, metres float64) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	hurler := &c.hurlers[number]
	throw := Throw{Round: c.sequence, Metres: metres, Valid: metres > 20}
	if len(hurler.Throws) == 5 {
		copy(hurler.Throws, hurler.Throws[1:])
		hurler.Throws = hurler.Throws[:4]
	}
	hurler.Throws = append(hurler.Throws, throw)
	if throw.Valid && metres > hurler.Best {
		hurler.Best = metres
	}
	c.dirty = true
}

// Snapshot returns the standings, best first, if there is something new.
func (c *Contest) Snapshot() (*Standings, bool) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if !c.dirty {
		return nil, false
	}
	c.dirty = false
	c.sequence++
	all := make([]Hurler, len(c.hurlers))
	copy(all, c.hurlers)
	for n := range all {
		all[n].Throws = append([]Throw(nil), all[n].Throws...)
	}
	sort.Slice(all, func(a, b int) bool { return all[a].Best > all[b].Best })
	for n := range all {
		all[n].Rank = n + 1
	}
	return &Standings{Sequence: c.sequence, At: time.Now(), Hurlers: all}, true
}

type Hub struct {
	mutex sync.Mutex
	lines map[chan *Standings]bool
}

func (h *Hub) join() chan *Standings {
	line := make(chan *Standings, 4)
	h.mutex.Lock()
	h.lines[line] = true
	h.mutex.Unlock()
	return line
}

func (h *Hub) leave(line chan *Standings) {
	h.mutex.Lock()
	delete(h.lines, line)
	h.mutex.Unlock()
}

func (h *Hub) publish(standings *Standings) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	for line := range h.lines {
		select {
		case line <- standings:
		default: // one that is too slow gets the next
		}
	}
}

func (h *Hub) follow(w http.ResponseWriter, r *http.Request) {
	flusher := w.(http.Flusher)
	w.Header().Set("Content-Type", "text/event-stream")
	w.WriteHeader(http.StatusOK)
	flusher.Flush()
	line := h.join()
	defer h.leave(line)
	for {
		select {
		case <-r.Context().Done():
			return
		case standings := <-line:
			body, err := json.Marshal(standings) // <- cost
			if err != nil {
				return
			}
			fmt.Fprintf(w, "event: standings\nid: %d\ndata: %s\n\n", standings.Sequence, body)
			flusher.Flush()
		}
	}
}

func pitch(contest *Contest, number int) {
	dice := rand.New(rand.NewSource(int64(number)))
	for range time.Tick(40 * time.Millisecond) {
		contest.Record(dice.Intn(hurlers/pitches)*pitches+number, 15+dice.Float64()*50)
	}
}

// audience is what the followers' browsers do; it runs in a process of its own.
func audience(address string) {
	for n := 0; n < followers; n++ {
		go func() {
			line, err := net.Dial("tcp", address)
			if err != nil {
				os.Exit(1)
			}
			fmt.Fprintf(line, "GET /follow HTTP/1.1\r\nHost: %s\r\n\r\n", address)
			io.Copy(io.Discard, bufio.NewReaderSize(line, 64<<10))
			os.Exit(0)
		}()
	}
	select {}
}

func main() {
	if len(os.Args) == 3 && os.Args[1] == "audience" {
		audience(os.Args[2])
		return
	}
	contest := newContest()
	hub := &Hub{lines: map[chan *Standings]bool{}}
	for n := 0; n < hurlers*5; n++ {
		contest.Record(n%hurlers, 15+float64(n*7919%500)/10)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	http.HandleFunc("/follow", hub.follow)
	go http.Serve(listener, nil)
	for n := 0; n < pitches; n++ {
		go pitch(contest, n)
	}
	self, _ := os.Executable()
	command := strings.Join([]string{self, "audience", listener.Addr().String(), ">/dev/null", "2>&1", "&"}, " ")
	if err := exec.Command("/bin/sh", "-c", command).Run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	go func() {
		time.Sleep(2 * time.Second)
		fmt.Println("ready", os.Getpid())
	}()
	for range time.Tick(tick) {
		if standings, fresh := contest.Snapshot(); fresh {
			hub.publish(standings)
		}
	}
}
