// expect: pattern=lock-contention bench
// The trap desk of islands that are to be rid of stoats: self-resetting traps report over the radio what they caught
// and how their gas lasts, and the desk keeps a map of the pressure of stoats for each valley, for the next trap line.
//
// Measured: A report takes 5.9 ms, in the twin 0.013 ms; both draw 10 maps and hear 260 reports a second.
// CPU 33 % of a core, in the twin 31 % (the maps).
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"math"
	"math/rand"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/mux"
)

const (
	valleys = 5
	traps   = 220 // of one valley
	side    = 124 // cells of a map
	extent  = 5500.0
	reach   = 340.0 // metres over which a catch says something
	radios  = 32
)

var errUnknown = errors.New("no such trap")

type Trap struct {
	X, Y    float64
	Catches int
	Gas     int // strikes that are left
	Weight  float64
	Heard   time.Time
}

type Report struct {
	Catches int `json:"catches"`
	Gas     int `json:"gas"`
}

type Advice struct {
	Rebait bool    `json:"rebait"`
	Refill bool    `json:"refill"`
	Weight float64 `json:"weight"`
}

// Map is the pressure over a valley, row by row.
type Map struct {
	Cells []float64
	Top   float64
	Drawn time.Time
}

// Valley holds the traps of one valley, and its last map.
type Valley struct {
	traps []Trap
	last  *Map
}

// Register is all that the desk knows; one mutex guards it.
type Register struct {
	mutex   sync.Mutex
	valleys [valleys]Valley
}

// Hear takes what a trap says, and answers what the trapper is to do there.
func (r *Register) Hear(valley, number int, said Report, now time.Time) (Advice, error) {
	if valley < 0 || valley >= valleys || number < 0 || number >= traps {
		return Advice{}, errUnknown
	}
	r.mutex.Lock() // <- cost
	defer r.mutex.Unlock()
	trap := &r.valleys[valley].traps[number]
	if !trap.Heard.IsZero() {
		trap.Weight *= math.Exp(-now.Sub(trap.Heard).Seconds() / 600)
	}
	trap.Weight += float64(said.Catches)
	trap.Catches += said.Catches
	trap.Gas = said.Gas
	trap.Heard = now
	return Advice{Rebait: said.Catches > 1, Refill: trap.Gas < 4, Weight: trap.Weight}, nil
}

// Last is the newest map of a valley.
func (r *Register) Last(valley int) *Map {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return r.valleys[valley].last
}

// Redraw works out the map of a valley anew.
func (r *Register) Redraw(valley int) {
	r.mutex.Lock() // <- cost
	defer r.mutex.Unlock()
	place := &r.valleys[valley]
	place.last = pressure(place.traps) // <- cost
}

// pressure spreads the weight of each trap over the valley: the further away, the less it tells.
func pressure(from []Trap) *Map {
	drawn := &Map{Cells: make([]float64, side*side), Drawn: time.Now()}
	const step = extent / side
	for row := 0; row < side; row++ {
		y := (float64(row) + 0.5) * step
		line := drawn.Cells[row*side : (row+1)*side]
		for i := range from {
			dy := (from[i].Y - y) / reach
			weight := from[i].Weight + 0.05
			for column := range line {
				dx := (from[i].X - (float64(column)+0.5)*step) / reach
				far := 1 + dx*dx + dy*dy
				line[column] += weight / (far * math.Sqrt(far))
			}
		}
		for _, cell := range line {
			drawn.Top = math.Max(drawn.Top, cell)
		}
	}
	return drawn
}

type Desk struct {
	register *Register
	heard    int64
	spent    int64
	drawn    int64
}

func (d *Desk) hear(out http.ResponseWriter, request *http.Request) {
	began := time.Now()
	valley, err := strconv.Atoi(mux.Vars(request)["valley"])
	if err != nil {
		http.NotFound(out, request)
		return
	}
	number, err := strconv.Atoi(mux.Vars(request)["trap"])
	if err != nil {
		http.NotFound(out, request)
		return
	}
	var said Report
	if err := json.NewDecoder(http.MaxBytesReader(out, request.Body, 4096)).Decode(&said); err != nil {
		http.Error(out, err.Error(), http.StatusBadRequest)
		return
	}
	advice, err := d.register.Hear(valley, number, said, began)
	if err != nil {
		http.Error(out, err.Error(), http.StatusNotFound)
		return
	}
	out.Header().Set("Content-Type", "application/json")
	json.NewEncoder(out).Encode(advice)
	atomic.AddInt64(&d.heard, 1)
	atomic.AddInt64(&d.spent, int64(time.Since(began)))
}

func (d *Desk) top(out http.ResponseWriter, request *http.Request) {
	valley, err := strconv.Atoi(mux.Vars(request)["valley"])
	if err != nil || valley >= valleys {
		http.NotFound(out, request)
		return
	}
	drawn := d.register.Last(valley)
	if drawn == nil {
		http.Error(out, "not drawn yet", http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintf(out, `{"top": %.3f, "age": %.1f}`, drawn.Top, time.Since(drawn.Drawn).Seconds())
}

// draw goes round the valleys, one map at a time.
func (d *Desk) draw() {
	valley := 0
	for range time.Tick(100 * time.Millisecond) {
		d.register.Redraw(valley)
		atomic.AddInt64(&d.drawn, 1)
		valley = (valley + 1) % valleys
	}
}

func lay() *Register {
	register := &Register{}
	for v := range register.valleys {
		laid := make([]Trap, traps)
		for i := range laid {
			laid[i] = Trap{X: rand.Float64() * extent, Y: rand.Float64() * extent, Gas: 24}
		}
		register.valleys[v].traps = laid
	}
	return register
}

// radio is the other side: a relay on a ridge that passes on what the traps around it say.
func radio(client *http.Client, address string) {
	failed := 0
	for range time.Tick(time.Second * radios / 260) {
		body, _ := json.Marshal(Report{Catches: rand.Intn(3), Gas: rand.Intn(25)})
		url := fmt.Sprintf("http://%s/valleys/%d/traps/%d", address, rand.Intn(valleys), rand.Intn(traps))
		answer, err := client.Post(url, "application/json", bytes.NewReader(body))
		if err != nil {
			if failed++; failed > 20 {
				os.Exit(1)
			}
			continue
		}
		io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
	}
}

func ridges(address string) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: radios}}
	for i := 0; i < radios; i++ {
		go radio(client, address)
		time.Sleep(time.Second / 260)
	}
	select {}
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

func main() {
	if len(os.Args) > 2 && os.Args[1] == "ridges" {
		ridges(os.Args[2])
	}
	desk := &Desk{register: lay()}
	router := mux.NewRouter()
	router.HandleFunc("/valleys/{valley:[0-9]+}/traps/{trap:[0-9]+}", desk.hear).Methods(http.MethodPost)
	router.HandleFunc("/valleys/{valley:[0-9]+}/top", desk.top).Methods(http.MethodGet)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go http.Serve(listener, router)
	go desk.draw()
	if err := outside("ridges", listener.Addr().String()); err != nil {
		log.Fatal(err)
	}
	for atomic.LoadInt64(&desk.heard) < 200 {
		time.Sleep(50 * time.Millisecond)
	}
	fmt.Printf("ready %d\n", os.Getpid())
	for range time.Tick(10 * time.Second) {
		heard := atomic.LoadInt64(&desk.heard)
		each := float64(atomic.LoadInt64(&desk.spent)) / 1e6 / float64(heard)
		log.Printf("%d reports, %.3f ms each, %d maps", heard, each, atomic.LoadInt64(&desk.drawn))
	}
}
