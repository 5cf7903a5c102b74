// expect: pattern=lock-contention bench
// Veterinary desk of a sled dog race: checkpoints hand in pulse and weight of a dog, the desk has the laboratory
// read the sample, keeps what it found in the roster, and says whether the dog may run on; the line-up is served
// from the same roster.
//
// Measured: 117 checks a second; the desk answers each in 46 to 49 ms, in the twin in 6.3 to 6.7 ms (14
// checkpoints, and a laboratory that takes 5 ms). CPU 0.03 cores, in the twin 0.02.
package main

import (
	"encoding/json"
	"errors"
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
	"syscall"
	"time"
)

const (
	teams       = 24
	dogsPerTeam = 14
	checkpoints = 14
	period      = 120 * time.Millisecond
)

type Dog struct {
	Name    string
	Pulse   float64
	Weight  float64
	Checks  int
	Running bool
}

type Team struct {
	Bib  int
	Dogs [dogsPerTeam]Dog
}

var errUnknown = errors.New("no such team")

// Roster holds every team of the race.
type Roster struct {
	mu    sync.Mutex
	teams map[int]*Team
}

// Amend has exclusive use of a team while change works on it.
func (r *Roster) Amend(bib int, change func(*Team) error) error {
	r.mu.Lock() // <- cost
	defer r.mu.Unlock()
	team, known := r.teams[bib]
	if !known {
		return errUnknown
	}
	return change(team)
}

// Sample is what a checkpoint hands in.
type Sample struct {
	Bib, Dog      int
	Pulse, Weight float64
}

func parseSample(request *http.Request) (Sample, error) {
	var s Sample
	var err error
	number := func(name string) float64 {
		v, e := strconv.ParseFloat(request.FormValue(name), 64)
		if e != nil {
			err = e
		}
		return v
	}
	s.Bib, s.Dog = int(number("bib")), int(number("dog"))
	s.Pulse, s.Weight = number("pulse"), number("weight")
	if err == nil && (s.Dog < 0 || s.Dog >= dogsPerTeam) {
		err = errors.New("no such dog")
	}
	return s, err
}

// Laboratory reads samples: creatine kinase as an index from 0 to 999.
type Laboratory struct {
	base   string
	client *http.Client
}

func (l *Laboratory) Read(s Sample) (int, error) {
	answer, err := l.client.Get(fmt.Sprintf("%s/ck/%d/%d/%.0f", l.base, s.Bib, s.Dog, s.Pulse))
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	var told struct {
		Price int `json:"price"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&told); err != nil {
		return 0, err
	}
	io.Copy(io.Discard, answer.Body)
	return told.Price, nil
}

// Desk answers the checkpoints.
type Desk struct {
	roster *Roster
	lab    *Laboratory
	checks int64
	spent  int64
}

func (d *Desk) examine(s Sample) (fit bool, err error) {
	err = d.roster.Amend(s.Bib, func(team *Team) error {
		index, err := d.lab.Read(s) // <- cost
		if err != nil {
			return err
		}
		fit = team.Dogs[s.Dog].record(s, index)
		return nil
	})
	return fit, err
}

func (dog *Dog) record(s Sample, index int) bool {
	weight := 1 / math.Min(float64(dog.Checks+1), 8)
	dog.Pulse += (s.Pulse - dog.Pulse) * weight
	dog.Weight += (s.Weight - dog.Weight) * weight
	dog.Checks++
	dog.Running = dog.Pulse < 138 && index < 940 && s.Weight > 0.88*dog.Weight
	return dog.Running
}

func (d *Desk) check(out http.ResponseWriter, request *http.Request) {
	began := time.Now()
	sample, err := parseSample(request)
	if err != nil {
		http.Error(out, err.Error(), http.StatusBadRequest)
		return
	}
	fit, err := d.examine(sample)
	if err != nil {
		http.Error(out, err.Error(), http.StatusBadGateway)
		return
	}
	fmt.Fprintf(out, `{"fit":%t}`, fit)
	atomic.AddInt64(&d.checks, 1)
	atomic.AddInt64(&d.spent, int64(time.Since(began)))
}

func (d *Desk) lineUp(out http.ResponseWriter, request *http.Request) {
	bib, _ := strconv.Atoi(request.FormValue("bib"))
	running := make([]string, 0, dogsPerTeam)
	err := d.roster.Amend(bib, func(team *Team) error {
		for i := range team.Dogs {
			if team.Dogs[i].Running {
				running = append(running, team.Dogs[i].Name)
			}
		}
		return nil
	})
	if err != nil {
		http.Error(out, err.Error(), http.StatusNotFound)
		return
	}
	json.NewEncoder(out).Encode(map[string]interface{}{"bib": bib, "running": running})
}

func entered() *Roster {
	roster := &Roster{teams: make(map[int]*Team, teams)}
	for bib := 1; bib <= teams; bib++ {
		team := &Team{Bib: bib}
		for i := range team.Dogs {
			team.Dogs[i] = Dog{Name: fmt.Sprintf("K%d-%d", bib, i), Pulse: 96, Weight: 24, Running: true}
		}
		roster.teams[bib] = team
	}
	return roster
}

// checkpoint is the load: it hands in a sample each period, and asks for a line-up now and then.
func checkpoint(base string, number int) {
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 1}}
	fetch := func(path string) {
		if answer, err := client.Get(base + path); err == nil {
			io.Copy(io.Discard, answer.Body)
			answer.Body.Close()
		}
	}
	turn := number
	for range time.Tick(period) {
		turn++
		bib, dog := 1+(turn*5+number)%teams, turn%dogsPerTeam
		fetch(fmt.Sprintf("/check?bib=%d&dog=%d&pulse=%d&weight=%d", bib, dog, 90+turn*7%40, 22+turn%4))
		if turn%8 == 0 {
			fetch(fmt.Sprintf("/lineup?bib=%d", bib))
		}
	}
}

func main() {
	if len(os.Args) == 3 && os.Args[1] == "checkpoints" {
		for i := 1; i < checkpoints; i++ {
			go checkpoint(os.Args[2], i)
		}
		checkpoint(os.Args[2], 0)
	}
	service := exec.Command(os.Getenv("PYTHON"), os.Getenv("SERVICES"), "http", "5")
	service.Stderr = os.Stderr
	told, err := service.Output()
	if err != nil {
		log.Fatal(err)
	}
	transport := &http.Transport{MaxIdleConnsPerHost: 32, IdleConnTimeout: time.Minute}
	desk := &Desk{roster: entered(), lab: &Laboratory{
		base:   "http://127.0.0.1:" + strings.TrimSpace(string(told)),
		client: &http.Client{Transport: transport, Timeout: 5 * time.Second},
	}}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	routes := http.NewServeMux()
	routes.HandleFunc("/check", desk.check)
	routes.HandleFunc("/lineup", desk.lineUp)
	go http.Serve(listener, routes)
	load := exec.Command("/proc/self/exe", "checkpoints", "http://"+listener.Addr().String())
	load.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := load.Start(); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("ready %d\n", os.Getpid())
	for range time.Tick(2 * time.Second) {
		n, spent := atomic.SwapInt64(&desk.checks, 0), atomic.SwapInt64(&desk.spent, 0)
		log.Printf("%d checks, %.1f ms each", n, float64(spent)/1e6/math.Max(1, float64(n)))
	}
}
