// expect: pattern=repeated-computation bench
// Tells the gardeners of temple moss gardens what to water first: each stone carries a moss cushion and a probe with
// two days of readings; GET /gardens/N/watering ranks the stones of a garden by the water that the moss has lost since
// it last rained (Penman's formula over the readings), POST /gardens/N/readings adds a reading to some of the stones.
//
// Measured: 75 requests a second; CPU 46 % of a core, in the twin 4 %; a ranking takes 10 ms at 40 a second, in the
// twin 0.64 ms.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"math"
	"math/rand"
	"net"
	"net/http"
	"os"
	"os/exec"
	"sort"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/mux"
)

const gardeners = `import http.client, os, random, sys, time
sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import clients, services
port, rate, gardens, number = int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]), 4

def gardener(at):
    desk = http.client.HTTPConnection("127.0.0.1", port)
    due = time.monotonic() + at / rate
    while True:
        time.sleep(max(0.0, due - time.monotonic()))
        garden = random.randrange(gardens)
        if random.random() < 0.2:
            desk.request("POST", f"/gardens/{garden}/readings?celsius={random.uniform(12, 27):.1f}")
        else:
            desk.request("GET", f"/gardens/{garden}/watering?first=10")
        desk.getresponse().read()
        due = max(due + number / rate, time.monotonic() - 1)

services.outside(lambda: clients.crowd(gardener, number))
`

const (
	gardens  = 12
	stones   = 110
	readings = 96 // half-hours
)

type Reading struct {
	Celsius  float64
	Humidity float64 // 0 to 1
	Wind     float64 // m/s
	Sun      float64 // W/m²
	Rain     float64 // mm
}

// Stone keeps its readings in a ring.
type Stone struct {
	Number int
	Moss   string
	Shade  float64
	ring   [readings]Reading
	next   int
}

func (s *Stone) Add(reading Reading) {
	s.ring[s.next] = reading
	s.next = (s.next + 1) % readings
}

func (s *Stone) Last() Reading {
	return s.ring[(s.next+readings-1)%readings]
}

func saturation(celsius float64) float64 {
	return 0.6108 * math.Exp(17.27*celsius/(celsius+237.3))
}

// evaporation gives the mm that half an hour takes.
func evaporation(reading Reading, shade float64) float64 {
	pressure := saturation(reading.Celsius)
	slope := 4098 * pressure / math.Pow(reading.Celsius+237.3, 2)
	radiation := reading.Sun * (1 - shade) * 0.0018 * 0.77
	drying := 0.066 * 18 / (reading.Celsius + 273) * reading.Wind * pressure * (1 - reading.Humidity)
	return (0.408*slope*radiation + drying) / (slope + 0.066*(1+0.34*reading.Wind))
}

// Deficit follows the moisture of the cushion through the readings: mm that lack now.
func (s *Stone) Deficit() float64 {
	lacks := 0.0
	for at := 0; at < readings; at++ {
		reading := s.ring[(s.next+at)%readings]
		lacks += evaporation(reading, s.Shade) * math.Exp(-lacks/9)
		lacks = math.Max(0, lacks-reading.Rain)
	}
	return lacks
}

type Garden struct {
	mu     sync.RWMutex
	stones []*Stone
}

// Advice is what a gardener reads.
type Advice struct {
	Stone   int     `json:"stone"`
	Moss    string  `json:"moss"`
	Litres  float64 `json:"litres"`
	Celsius float64 `json:"celsius"`
}

// Watering ranks the stones, the driest first.
func (g *Garden) Watering(first int) []Advice {
	g.mu.RLock()
	defer g.mu.RUnlock()
	ranked := append([]*Stone(nil), g.stones...)
	sort.Slice(ranked, func(i, j int) bool { // <- cost
		return ranked[i].Deficit() > ranked[j].Deficit() // <- cost
	}) // <- cost
	if first < len(ranked) {
		ranked = ranked[:first]
	}
	var advice []Advice
	for _, stone := range ranked {
		litres := math.Round(stone.Deficit()*3) / 10
		advice = append(advice, Advice{stone.Number, stone.Moss, litres, stone.Last().Celsius})
	}
	return advice
}

func (g *Garden) Note(celsius float64) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	noted := 0
	for _, stone := range g.stones {
		if stone.Number%4 == int(celsius)%4 {
			reading := stone.Last()
			reading.Celsius = celsius
			reading.Rain = 0
			stone.Add(reading)
			noted++
		}
	}
	return noted
}

func plant(source *rand.Rand) *Garden {
	garden := &Garden{}
	mosses := []string{"sugigoke", "shinobu", "hinoki", "haigoke"}
	for number := 0; number < stones; number++ {
		stone := &Stone{Number: number, Moss: mosses[number%len(mosses)], Shade: source.Float64() * 0.8}
		for at := 0; at < readings; at++ {
			sun := math.Max(0, 500*math.Sin(float64(at)/48*math.Pi*2))
			reading := Reading{12 + sun/60 + source.Float64(), 0.4 + source.Float64()/2, source.Float64() * 4, sun, 0}
			if source.Intn(40) == 0 {
				reading.Rain = source.Float64() * 6
			}
			stone.Add(reading)
		}
		garden.stones = append(garden.stones, stone)
	}
	return garden
}

type Desk struct {
	gardens []*Garden
	served  int64
	spent   int64
}

func (d *Desk) garden(request *http.Request) *Garden {
	number, err := strconv.Atoi(mux.Vars(request)["garden"])
	if err != nil || number >= len(d.gardens) {
		return nil
	}
	return d.gardens[number]
}

func (d *Desk) watering(out http.ResponseWriter, request *http.Request) {
	began := time.Now()
	garden := d.garden(request)
	first, err := strconv.Atoi(request.URL.Query().Get("first"))
	if garden == nil || err != nil {
		http.Error(out, "which stones?", http.StatusBadRequest)
		return
	}
	out.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(out).Encode(garden.Watering(first)); err != nil {
		log.Print(err)
	}
	atomic.AddInt64(&d.spent, int64(time.Since(began)))
	atomic.AddInt64(&d.served, 1)
}

func (d *Desk) note(out http.ResponseWriter, request *http.Request) {
	garden := d.garden(request)
	celsius, err := strconv.ParseFloat(request.URL.Query().Get("celsius"), 64)
	if garden == nil || err != nil {
		http.Error(out, "no such reading", http.StatusBadRequest)
		return
	}
	fmt.Fprintf(out, "{\"noted\": %d}\n", garden.Note(celsius))
}

func (d *Desk) routes() http.Handler {
	router := mux.NewRouter()
	router.HandleFunc("/gardens/{garden:[0-9]+}/watering", d.watering).Methods(http.MethodGet)
	router.HandleFunc("/gardens/{garden:[0-9]+}/readings", d.note).Methods(http.MethodPost)
	return router
}

func main() {
	source := rand.New(rand.NewSource(3))
	desk := &Desk{}
	for number := 0; number < gardens; number++ {
		desk.gardens = append(desk.gardens, plant(source))
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go func() { log.Fatal(http.Serve(listener, desk.routes())) }()
	port := fmt.Sprint(listener.Addr().(*net.TCPAddr).Port)
	if err := exec.Command(os.Getenv("PYTHON"), "-c", gardeners, port, "75", fmt.Sprint(gardens)).Run(); err != nil {
		log.Fatal(err)
	}
	time.Sleep(2 * time.Second)
	fmt.Printf("ready %d\n", os.Getpid())
	for range time.Tick(10 * time.Second) {
		served := atomic.LoadInt64(&desk.served)
		each := float64(atomic.LoadInt64(&desk.spent)) / 1e6 / float64(served)
		log.Printf("%d served, %.2f ms each", served, each)
	}
}
