// expect: healthy bench
// Serves what the studs in the parking bays say: apps ask for the free bays of a street, the studs' radio brings changes.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"math/rand"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	streets       = 120
	baysPerStreet = 40
	askRate       = 500
	askWorkers    = 8
	changeTick    = 50 * time.Millisecond
	changesPer    = 12
)

type bay struct {
	Number   int   `json:"number"`
	Occupied bool  `json:"occupied"`
	Since    int64 `json:"since"`
	Battery  int   `json:"battery"`
}

// street has its own lock: radio and apps rarely meet.
type street struct {
	mu   sync.RWMutex
	bays []bay
	free int
}

func newStreet() *street {
	s := &street{bays: make([]bay, baysPerStreet), free: baysPerStreet}
	for n := range s.bays {
		s.bays[n] = bay{Number: n, Since: time.Now().Unix(), Battery: 100}
	}
	return s
}

func (s *street) set(number int, occupied bool, battery int, at int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := &s.bays[number]
	b.Battery = battery
	if b.Occupied == occupied {
		return
	}
	b.Occupied, b.Since = occupied, at
	if occupied {
		s.free--
	} else {
		s.free++
	}
}

type freeBays struct {
	Street int   `json:"street"`
	Free   int   `json:"free"`
	Bays   []int `json:"bays"`
}

func (s *street) freeBays(number int) freeBays {
	s.mu.RLock()
	defer s.mu.RUnlock()
	found := freeBays{Street: number, Free: s.free, Bays: make([]int, 0, s.free)}
	for _, b := range s.bays {
		if !b.Occupied {
			found.Bays = append(found.Bays, b.Number)
		}
	}
	return found
}

func (s *street) bay(number int) (bay, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if number < 0 || number >= len(s.bays) {
		return bay{}, false
	}
	return s.bays[number], true
}

type town []*street

func reply(w http.ResponseWriter, value interface{}) {
	body, err := json.Marshal(value)
	if err != nil {
		http.Error(w, "cannot say", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write(body)
}

// ServeHTTP knows /streets/N/free and /streets/N/bays/M.
func (t town) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	if len(parts) < 3 || parts[0] != "streets" {
		http.NotFound(w, r)
		return
	}
	number, err := strconv.Atoi(parts[1])
	if err != nil || number < 0 || number >= len(t) {
		http.NotFound(w, r)
		return
	}
	switch {
	case len(parts) == 3 && parts[2] == "free":
		reply(w, t[number].freeBays(number))
	case len(parts) == 4 && parts[2] == "bays":
		which, err := strconv.Atoi(parts[3])
		found, ok := t[number].bay(which)
		if err != nil || !ok {
			http.NotFound(w, r)
			return
		}
		reply(w, found)
	default:
		http.NotFound(w, r)
	}
}

// radio brings what the studs noticed, a few at a time.
func (t town) radio() {
	for now := range time.Tick(changeTick) {
		for n := 0; n < changesPer; n++ {
			t[rand.Intn(streets)].set(rand.Intn(baysPerStreet), rand.Intn(3) > 0, 20+rand.Intn(80), now.Unix())
		}
	}
}

func (t town) report() {
	free := 0
	for _, s := range t {
		s.mu.RLock()
		free += s.free
		s.mu.RUnlock()
	}
	if err := os.WriteFile("free.txt", []byte(fmt.Sprintln(free)), 0o644); err != nil {
		log.Print(err)
	}
}

func startApps(port int) error {
	var paths []string
	for n := 0; n < streets; n++ {
		paths = append(paths, fmt.Sprintf("/streets/%d/free", n), fmt.Sprintf("/streets/%d/bays/%d", n, n%baysPerStreet))
	}
	clients := filepath.Join(filepath.Dir(os.Getenv("SERVICES")), "clients.py")
	return exec.Command(os.Getenv("PYTHON"), clients, "http", strconv.Itoa(port), strings.Join(paths, ","),
		strconv.Itoa(askRate), strconv.Itoa(askWorkers)).Run()
}

func main() {
	t := make(town, streets)
	for n := range t {
		t[n] = newStreet()
	}
	listening, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go t.radio()
	server := &http.Server{Handler: t, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute}
	go func() { log.Fatal(server.Serve(listening)) }()
	if err := startApps(listening.Addr().(*net.TCPAddr).Port); err != nil {
		log.Fatal(err)
	}
	fmt.Println("ready", os.Getpid())
	for range time.Tick(10 * time.Second) {
		t.report()
	}
}
