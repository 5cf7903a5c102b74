// expect: pattern=lock-contention bench
// The reception of an ice hotel: guests' wristbands ask whether a suite is cold enough to sleep in. What the probes in
// a suite's walls say comes from the building's control over HTTP (14 ms each), and holds for half a second.
//
// Measured: 150 requests a second, 50 of which ask the control; one takes 21 ms, in the twin 5 ms. CPU 3 % of a core
// in both.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"math"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/mux"
)

const control = `import json, os, sys, time
sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import services

def walls(path):
    time.sleep(0.014)
    suite = int(path.rpartition("/")[2])
    celsius = [-5 - (suite * 7 + probe * 3 + int(time.time())) % 40 / 10 for probe in range(12)]
    return json.dumps({"suite": suite, "celsius": celsius}).encode()

print(services.http_service(walls), flush=True)
`

const wristbands = `import http.client, os, random, sys, time
sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import clients, services
port, rate, suites, number = int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]), 16

def wristband(at):
    desk = http.client.HTTPConnection("127.0.0.1", port)
    due = time.monotonic() + at / rate
    while True:
        time.sleep(max(0.0, due - time.monotonic()))
        desk.request("GET", f"/suites/{random.randrange(suites)}/sleep?bag={random.randint(1, 4)}")
        desk.getresponse().read()
        due = max(due + number / rate, time.monotonic() - 1)

services.outside(lambda: clients.crowd(wristband, number))
`

const (
	suites = 40
	fresh  = 500 * time.Millisecond
)

// Walls is what the probes of a suite say.
type Walls struct {
	Suite   int       `json:"suite"`
	Celsius []float64 `json:"celsius"`
}

// Control is the building's control.
type Control struct {
	base   string
	client *http.Client
}

func NewControl(port string) *Control {
	transport := &http.Transport{MaxIdleConns: 32, MaxIdleConnsPerHost: 32, IdleConnTimeout: time.Minute}
	return &Control{
		base:   "http://127.0.0.1:" + port,
		client: &http.Client{Transport: transport, Timeout: 2 * time.Second},
	}
}

func (c *Control) Walls(ctx context.Context, suite int) (*Walls, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("%s/walls/%d", c.base, suite), nil)
	if err != nil {
		return nil, err
	}
	response, err := c.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("control said %s", response.Status)
	}
	walls := &Walls{}
	return walls, json.Unmarshal(body, walls)
}

type entry struct {
	walls *Walls
	until time.Time
}

// Probes remembers for a while what the control said.
type Probes struct {
	control *Control
	mu      sync.Mutex
	entries map[int]*entry
	asked   int64
}

func NewProbes(control *Control) *Probes {
	return &Probes{control: control, entries: map[int]*entry{}}
}

func (p *Probes) entry(suite int) *entry {
	found := p.entries[suite]
	if found == nil {
		found = &entry{}
		p.entries[suite] = found
	}
	return found
}

func (p *Probes) Of(ctx context.Context, suite int) (*Walls, error) {
	p.mu.Lock() // <- cost
	defer p.mu.Unlock()
	kept := p.entry(suite)
	if time.Now().Before(kept.until) {
		return kept.walls, nil
	}
	atomic.AddInt64(&p.asked, 1)
	walls, err := p.control.Walls(ctx, suite) // <- cost
	if err != nil {
		return nil, err
	}
	kept.walls, kept.until = walls, time.Now().Add(fresh)
	return walls, nil
}

type Comfort struct {
	Suite    int      `json:"suite"`
	Mean     float64  `json:"mean"`
	Feels    float64  `json:"feels"`
	Sleeps   bool     `json:"sleeps"`
	Warnings []string `json:"warnings,omitempty"`
}

func comfort(walls *Walls, bag int) Comfort {
	told := Comfort{Suite: walls.Suite}
	warmest := math.Inf(-1)
	for _, celsius := range walls.Celsius {
		told.Mean += celsius / float64(len(walls.Celsius))
		warmest = math.Max(warmest, celsius)
	}
	told.Feels = math.Round((told.Mean+float64(bag)*4.5)*10) / 10
	told.Sleeps = told.Feels > 0
	if warmest > -5.2 {
		told.Warnings = append(told.Warnings, "the carving may drip")
	}
	return told
}

type Reception struct {
	probes *Probes
	served int64
	failed int64
	spent  int64
}

func (r *Reception) sleep(out http.ResponseWriter, request *http.Request) {
	began := time.Now()
	suite, err := strconv.Atoi(mux.Vars(request)["suite"])
	bag, bad := strconv.Atoi(request.URL.Query().Get("bag"))
	if err != nil || bad != nil || suite >= suites {
		http.Error(out, "no such suite or bag", http.StatusBadRequest)
		return
	}
	walls, err := r.probes.Of(request.Context(), suite)
	if err != nil {
		atomic.AddInt64(&r.failed, 1)
		http.Error(out, err.Error(), http.StatusBadGateway)
		return
	}
	out.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(out).Encode(comfort(walls, bag)); err != nil {
		log.Print(err)
	}
	atomic.AddInt64(&r.spent, int64(time.Since(began)))
	atomic.AddInt64(&r.served, 1)
}

func (r *Reception) routes() http.Handler {
	router := mux.NewRouter()
	router.HandleFunc("/suites/{suite:[0-9]+}/sleep", r.sleep).Methods(http.MethodGet)
	return router
}

func main() {
	walls := exec.Command(os.Getenv("PYTHON"), "-c", control)
	walls.Stderr = os.Stderr
	told, err := walls.Output()
	if err != nil {
		log.Fatal(err)
	}
	reception := &Reception{probes: NewProbes(NewControl(strings.TrimSpace(string(told))))}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go func() { log.Fatal(http.Serve(listener, reception.routes())) }()
	port := fmt.Sprint(listener.Addr().(*net.TCPAddr).Port)
	if err := exec.Command(os.Getenv("PYTHON"), "-c", wristbands, port, "150", fmt.Sprint(suites)).Run(); err != nil {
		log.Fatal(err)
	}
	time.Sleep(2 * time.Second)
	fmt.Printf("ready %d\n", os.Getpid())
	for range time.Tick(10 * time.Second) {
		served := atomic.LoadInt64(&reception.served)
		each := float64(atomic.LoadInt64(&reception.spent)) / 1e6 / float64(served)
		log.Printf("%d served, %.1f ms each, %d failed, %d asked", served, each, atomic.LoadInt64(&reception.failed),
			atomic.LoadInt64(&reception.probes.asked))
	}
}
