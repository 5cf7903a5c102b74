// expect: pattern=repeated-computation bench
// Ranks of "Kelpie Derby", river races on water horses: a race a second ends and moves the points of its riders; the game
// clients ask for the rank of their rider, with the riders just before and behind.
// Measured: an answer takes 4.5 ms (median; 95%: 10 ms) and the service 0.39 cores; with the twin 0.36 ms (0.8 ms), 0.02 cores.
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
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	riders        = 14000
	ridersInRace  = 12
	asksPerSecond = 90
	around        = 3
)

var prizes = [ridersInRace]int{25, 18, 15, 12, 10, 8, 6, 4, 2, 1, 0, -3}

type Rider struct {
	ID     int
	Name   string
	Points int
	Wins   int
	Races  int
}

type Line struct {
	Rank   int    `json:"rank"`
	Rider  string `json:"rider"`
	Points int    `json:"points"`
	Wins   int    `json:"wins"`
}

type Answer struct {
	Rider  string `json:"rider"`
	Rank   int    `json:"rank"`
	Of     int    `json:"of"`
	Around []Line `json:"around"`
}

type Derby struct {
	mu     sync.RWMutex
	riders []Rider
}

func NewDerby(random *rand.Rand) *Derby {
	derby := &Derby{riders: make([]Rider, riders)}
	for i := range derby.riders {
		races := random.Intn(60)
		derby.riders[i] = Rider{
			ID:     i,
			Name:   fmt.Sprintf("rider-%05d", i),
			Points: random.Intn(races*14 + 1),
			Wins:   races / (3 + i%9),
			Races:  races,
		}
	}
	return derby
}

func before(a, b *Rider) bool {
	if a.Points != b.Points {
		return a.Points > b.Points
	}
	if a.Wins != b.Wins {
		return a.Wins > b.Wins
	}
	return a.ID < b.ID
}

// ranking is all riders in the order of the derby.
func (d *Derby) ranking() []Rider {
	d.mu.RLock()
	ranked := make([]Rider, len(d.riders))
	copy(ranked, d.riders)
	d.mu.RUnlock()
	sort.Slice(ranked, func(i, j int) bool { return before(&ranked[i], &ranked[j]) }) // <- cost
	return ranked
}

// Race takes the riders in the order in which they came in.
func (d *Derby) Race(finish []int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for place, id := range finish {
		rider := &d.riders[id]
		rider.Points += prizes[place]
		rider.Races++
		if place == 0 {
			rider.Wins++
		}
	}
}

// Rank says where a rider stands.
func (d *Derby) Rank(id int) Answer {
	ranked := d.ranking() // <- cost
	at := 0
	for at < len(ranked) && ranked[at].ID != id {
		at++
	}
	answer := Answer{Rider: ranked[at].Name, Rank: at + 1, Of: len(ranked)}
	from, to := at-around, at+around+1
	if from < 0 {
		from = 0
	}
	if to > len(ranked) {
		to = len(ranked)
	}
	for i := from; i < to; i++ {
		answer.Around = append(answer.Around, Line{i + 1, ranked[i].Name, ranked[i].Points, ranked[i].Wins})
	}
	return answer
}

func (d *Derby) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id, err := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/rank/"))
	if err != nil || id < 0 || id >= riders {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(d.Rank(id)); err != nil {
		log.Print(err)
	}
}

func runRaces(derby *Derby, random *rand.Rand) {
	for range time.Tick(time.Second) {
		finish := make([]int, 0, ridersInRace)
		for at := random.Intn(riders); len(finish) < ridersInRace; at = (at + 1 + random.Intn(500)) % riders {
			finish = append(finish, at)
		}
		derby.Race(finish)
	}
}

func startClients(port int) error {
	paths := make([]string, 200)
	for i := range paths {
		paths[i] = fmt.Sprintf("/rank/%d", i*67%riders)
	}
	clients := filepath.Join(filepath.Dir(os.Getenv("SERVICES")), "clients.py")
	return exec.Command(os.Getenv("PYTHON"), clients, "http", strconv.Itoa(port), strings.Join(paths, ","),
		strconv.Itoa(asksPerSecond), "6").Run()
}

func main() {
	random := rand.New(rand.NewSource(77))
	derby := NewDerby(random)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/rank/", derby)
	go runRaces(derby, random)
	go func() {
		if err := startClients(listener.Addr().(*net.TCPAddr).Port); err != nil {
			log.Fatal(err)
		}
		time.Sleep(time.Second)
		fmt.Println("ready", os.Getpid())
	}()
	log.Fatal(http.Serve(listener, mux))
}
