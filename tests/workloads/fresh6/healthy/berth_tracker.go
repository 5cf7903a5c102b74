// expect: healthy bench
// Follows trains from berth to berth of the signalling, as the describer sends the steps in bursts on a connection, and
// answers over HTTP which train stands where, and what a station is to expect. Bounded history, index by train and berth.
// Measured: 600 steps and 300 requests a second take about 5 % of a core.
package main

import (
	"bufio"
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
	berths    = 1600
	perPlace  = 40
	describer = 600
	kept      = 16
)

// Step says that a train has gone on from one berth to the next.
type Step struct {
	Train string `json:"train"`
	From  int    `json:"from"`
	To    int    `json:"to"`
	At    int64  `json:"at"`
}

func parse(line string) (Step, error) {
	fields := strings.Fields(line)
	if len(fields) != 3 {
		return Step{}, fmt.Errorf("no step: %q", line)
	}
	from, err := strconv.Atoi(fields[1])
	if err != nil {
		return Step{}, err
	}
	to, err := strconv.Atoi(fields[2])
	if err != nil || from < 0 || from >= berths || to < 0 || to >= berths {
		return Step{}, fmt.Errorf("no such berth: %q", line)
	}
	return Step{fields[0], from, to, time.Now().UnixMilli()}, nil
}

// history is a ring of the last steps of a train.
type history struct {
	steps [kept]Step
	count int
}

func (h *history) add(s Step) {
	h.steps[h.count%kept] = s
	h.count++
}

func (h *history) last() []Step {
	from := 0
	if h.count > kept {
		from = h.count - kept
	}
	steps := make([]Step, 0, kept)
	for n := from; n < h.count; n++ {
		steps = append(steps, h.steps[n%kept])
	}
	return steps
}

// Tracker knows where all trains are; many read, one writes.
type Tracker struct {
	mu     sync.RWMutex
	stands [berths]string
	trains map[string]*history
	steps  int
}

func (t *Tracker) move(s Step) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.stands[s.From] == s.Train {
		t.stands[s.From] = ""
	}
	t.stands[s.To] = s.Train
	h, known := t.trains[s.Train]
	if !known {
		h = new(history)
		t.trains[s.Train] = h
	}
	h.add(s)
	t.steps++
}

type expected struct {
	Train string `json:"train"`
	Berth int    `json:"berth"`
	Away  int    `json:"away"`
}

func (t *Tracker) board(place int) []expected {
	found := make([]expected, 0, perPlace)
	t.mu.RLock()
	defer t.mu.RUnlock()
	for away := 0; away < perPlace; away++ {
		berth := place*perPlace + away
		if train := t.stands[berth]; train != "" {
			found = append(found, expected{train, berth, away})
		}
	}
	return found
}

func (t *Tracker) train(number string) ([]Step, bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	h, known := t.trains[number]
	if !known {
		return nil, false
	}
	return h.last(), true
}

func (t *Tracker) follow(from net.Conn) error {
	lines := bufio.NewScanner(from)
	for lines.Scan() {
		step, err := parse(lines.Text())
		if err != nil {
			log.Print(err)
			continue
		}
		t.move(step)
	}
	return lines.Err()
}

func (t *Tracker) serve() http.Handler {
	answer := func(w http.ResponseWriter, what any) {
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(what); err != nil {
			log.Print(err)
		}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/board/", func(w http.ResponseWriter, r *http.Request) {
		place, err := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/board/"))
		if err != nil || place < 0 || place >= berths/perPlace {
			http.NotFound(w, r)
			return
		}
		answer(w, t.board(place))
	})
	mux.HandleFunc("/train/", func(w http.ResponseWriter, r *http.Request) {
		steps, known := t.train(strings.TrimPrefix(r.URL.Path, "/train/"))
		if !known {
			http.NotFound(w, r)
			return
		}
		answer(w, steps)
	})
	return mux
}

// describe is the describer of the signal box: 40 bursts a second.
func describe(to net.Conn) {
	draw := rand.New(rand.NewSource(9))
	at := make([]int, 300)
	for n := range at {
		at[n] = draw.Intn(berths)
	}
	out := bufio.NewWriter(to)
	for range time.Tick(25 * time.Millisecond) {
		for n := 0; n < describer/40; n++ {
			train := draw.Intn(len(at))
			next := (at[train] + 1) % berths
			fmt.Fprintf(out, "%dR%02d %d %d\n", train/100, train%100, at[train], next)
			at[train] = next
		}
		if out.Flush() != nil {
			return
		}
	}
}

func customers(port int) error {
	paths := []string{"/train/0R07", "/train/1R42", "/train/2R99"}
	for place := 0; place < berths/perPlace; place += 3 {
		paths = append(paths, fmt.Sprintf("/board/%d", place))
	}
	program := filepath.Join(filepath.Dir(os.Getenv("SERVICES")), "clients.py")
	return exec.Command(os.Getenv("PYTHON"), program, "http", strconv.Itoa(port), strings.Join(paths, ","), "300", "6").Run()
}

func main() {
	file, err := os.Create("berths.log")
	if err != nil {
		panic(err)
	}
	log.SetOutput(file)
	tracker := &Tracker{trains: make(map[string]*history)}
	box, line := net.Pipe()
	go describe(box)
	go func() { log.Fatal(tracker.follow(line)) }()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go func() {
		server := http.Server{Handler: tracker.serve(), ReadHeaderTimeout: 5 * time.Second}
		log.Fatal(server.Serve(listener))
	}()
	if err := customers(listener.Addr().(*net.TCPAddr).Port); err != nil {
		panic(err)
	}
	fmt.Println("ready", os.Getpid())
	for range time.Tick(10 * time.Second) {
		tracker.mu.RLock()
		log.Printf("%d steps of %d trains", tracker.steps, len(tracker.trains))
		tracker.mu.RUnlock()
	}
}
