// bench: repaired twin of pheromone_traps
// Readings of pheromone traps in orchards: all stations report on the clock, and each reading is corrected by the
// strength of the trap's lure, which a bench service knows and which is kept for half a second.
// Measured: a reading takes 9 ms (median) and 10 to 17 ms at worst, at 120 readings a second.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/mux"
)

const (
	stations = 48
	lures    = 480
	period   = 400 * time.Millisecond
	keep     = 500 * time.Millisecond
)

type Strength struct {
	Lure   int     `json:"lure"`
	Factor float64 `json:"factor"`
	Asked  time.Time
	ready  chan struct{}
	failed error
}

// Bench knows the lures' strengths.
type Bench struct {
	url    string
	client *http.Client
	mu     sync.Mutex
	known  map[int]*Strength
}

func NewBench(port string) *Bench {
	transport := &http.Transport{MaxIdleConns: 96, MaxIdleConnsPerHost: 96}
	client := &http.Client{Transport: transport, Timeout: 5 * time.Second}
	return &Bench{url: "http://127.0.0.1:" + port, client: client, known: map[int]*Strength{}}
}

func (b *Bench) ask(lure int) (*Strength, error) {
	answer, err := b.client.Get(b.url + "/lures/" + strconv.Itoa(lure))
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	strength := &Strength{Asked: time.Now()}
	if err := json.NewDecoder(answer.Body).Decode(strength); err != nil {
		return nil, err
	}
	io.Copy(io.Discard, answer.Body)
	return strength, nil
}

// Strength asks for a lure's strength unless it is known; who wants the same lure meanwhile waits for the same answer.
func (b *Bench) Strength(lure int) (*Strength, error) {
	b.mu.Lock()
	known, ok := b.known[lure]
	if !ok || time.Since(known.Asked) >= keep {
		known = &Strength{Asked: time.Now(), ready: make(chan struct{})}
		b.known[lure] = known
		b.mu.Unlock()
		if answer, err := b.ask(lure); err != nil {
			known.failed = err
			b.mu.Lock()
			delete(b.known, lure)
			b.mu.Unlock()
		} else {
			known.Lure, known.Factor = answer.Lure, answer.Factor
		}
		close(known.ready)
		return known, known.failed
	}
	b.mu.Unlock()
	<-known.ready
	return known, known.failed
}

type Reading struct {
	Lure  int `json:"lure"`
	Moths int `json:"moths"`
}

type Orchard struct {
	mu       sync.Mutex
	Readings int     `json:"readings"`
	Pressure float64 `json:"pressure"`
}

type Desk struct {
	bench    *Bench
	orchards [12]Orchard
}

func (d *Desk) report(w http.ResponseWriter, r *http.Request) {
	number, err := strconv.Atoi(mux.Vars(r)["station"])
	var reading Reading
	if err == nil {
		err = json.NewDecoder(r.Body).Decode(&reading)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	strength, err := d.bench.Strength(reading.Lure)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	orchard := &d.orchards[number%len(d.orchards)]
	orchard.mu.Lock()
	orchard.Readings++
	orchard.Pressure = 0.95*orchard.Pressure + 0.05*float64(reading.Moths)*strength.Factor
	pressure := orchard.Pressure
	orchard.mu.Unlock()
	fmt.Fprintf(w, `{"pressure": %.3f}`, pressure)
}

// serveBench is the bench service, in a process of its own.
func serveBench() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	os.Stdout.Close()
	panic(http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		lure, _ := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/lures/"))
		time.Sleep(4 * time.Millisecond)
		fmt.Fprintf(w, `{"lure": %d, "factor": %.3f}`, lure, 0.6+float64(lure%80)/100)
	})))
}

// reportAll lets all stations report at the same time, once in each period.
func reportAll(port string) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConns: 96, MaxIdleConnsPerHost: 96}}
	var took []time.Duration
	for round := 0; ; round++ {
		began := time.Now()
		var all sync.WaitGroup
		each := make([]time.Duration, stations)
		for n := 0; n < stations; n++ {
			all.Add(1)
			go func(n int) {
				defer all.Done()
				body := fmt.Sprintf(`{"lure": %d, "moths": %d}`, (round*stations+n)%lures, (round+n)%23)
				url := fmt.Sprintf("http://127.0.0.1:%s/stations/%d/readings", port, n)
				answer, err := client.Post(url, "application/json", bytes.NewReader([]byte(body)))
				if err != nil {
					os.Exit(0)
				}
				io.Copy(io.Discard, answer.Body)
				answer.Body.Close()
				each[n] = time.Since(began)
			}(n)
		}
		all.Wait()
		if took = append(took, each...); len(took) >= 10*stations {
			if os.Getenv("ANSWER_TIMES") != "" {
				sort.Slice(took, func(i, j int) bool { return took[i] < took[j] })
				fmt.Fprintln(os.Stderr, "median", took[len(took)/2], "worst", took[len(took)-1])
			}
			took = took[:0]
		}
		time.Sleep(period - time.Since(began))
	}
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "bench" {
		serveBench()
	}
	if len(os.Args) > 1 && os.Args[1] == "stations" {
		reportAll(os.Args[2])
	}
	command := exec.Command("sh", "-c", `"$0" bench &`, os.Args[0])
	said, err := command.StdoutPipe()
	if err != nil {
		panic(err)
	}
	if err := command.Start(); err != nil {
		panic(err)
	}
	port, err := bufio.NewReader(said).ReadString('\n')
	if err != nil {
		panic(err)
	}
	command.Wait()
	desk := &Desk{bench: NewBench(strings.TrimSpace(port))}
	router := mux.NewRouter()
	router.HandleFunc("/stations/{station}/readings", desk.report).Methods("POST")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	own := strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
	command = exec.Command("sh", "-c", `"$0" stations "$1" >/dev/null &`, os.Args[0], own)
	command.Stderr = os.Stderr
	if err := command.Run(); err != nil {
		panic(err)
	}
	fmt.Println("ready")
	panic(http.Serve(listener, router))
}
