// expect: pattern=serialization-overhead bench
// The board of a network of upper air stations: takes the positions and levels of the balloons that are up, moves them
// on as the sondes report every second, and hands a region's flights to the forecasters' and pilots' displays.
// Measured: an answer takes 1.4 ms; 0.05 to 0.13 ms in the twin, which needs a tenth of the CPU time.
package main

import (
	"encoding/json"
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
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	perRegion  = 90
	keptLevels = 10
	burst      = 32000.0 // metres
)

var regions = []string{"north", "baltic", "atlantic", "alps", "balkans", "iberia"}

// Level is what a sonde measured at a height.
type Level struct {
	Height   float64 `json:"height"`
	Pressure float64 `json:"pressure"`
	Degrees  float64 `json:"degrees"`
	Humidity float64 `json:"humidity"`
}

// Flight is a balloon that is up.
type Flight struct {
	Sonde   string  `json:"sonde"`
	Station string  `json:"station"`
	Lat     float64 `json:"lat"`
	Lon     float64 `json:"lon"`
	Climb   float64 `json:"climb"`
	Levels  []Level `json:"levels"`
}

// Region has the flights of one.
type Region struct {
	mutex   sync.RWMutex
	Name    string    `json:"region"`
	AsOf    time.Time `json:"as_of"`
	Flights []*Flight `json:"flights"`
}

// Board has the regions by name.
type Board struct {
	regions map[string]*Region
	served  int64
	spent   int64
}

func launch(chance *rand.Rand, station string, height float64) *Flight {
	flight := &Flight{
		Sonde:   fmt.Sprintf("S%07d", chance.Intn(1e7)),
		Station: station,
		Lat:     40 + chance.Float64()*25,
		Lon:     -10 + chance.Float64()*40,
		Climb:   4.5 + chance.Float64(),
		Levels:  make([]Level, 0, keptLevels),
	}
	for len(flight.Levels) < keptLevels {
		flight.measure(chance, height)
		height += flight.Climb
	}
	return flight
}

// measure adds the level at a height, and forgets the oldest.
func (flight *Flight) measure(chance *rand.Rand, height float64) {
	if len(flight.Levels) == keptLevels {
		copy(flight.Levels, flight.Levels[1:])
		flight.Levels = flight.Levels[:keptLevels-1]
	}
	degrees := 15 - 6.5*math.Min(height, 11000)/1000 + chance.NormFloat64()/10
	flight.Levels = append(flight.Levels, Level{
		Height:   height,
		Pressure: 1013.25 * math.Exp(-height/7600),
		Degrees:  degrees,
		Humidity: math.Max(1, 80-height/200+chance.NormFloat64()),
	})
}

func (flight *Flight) height() float64 { return flight.Levels[len(flight.Levels)-1].Height }

// advance moves all balloons of the region on by a second; those that burst are followed by new ones.
func (region *Region) advance(chance *rand.Rand) {
	region.mutex.Lock()
	defer region.mutex.Unlock()
	for number, flight := range region.Flights {
		if flight.height() > burst {
			region.Flights[number] = launch(chance, flight.Station, 100)
			continue
		}
		flight.Lat += chance.NormFloat64() / 5000
		flight.Lon += 0.0004
		flight.measure(chance, flight.height()+flight.Climb)
	}
	region.AsOf = time.Now().UTC()
}

// encoded is the region as the displays take it.
func (region *Region) encoded() ([]byte, error) {
	region.mutex.RLock()
	defer region.mutex.RUnlock()
	return json.Marshal(region) // <- cost
}

// ServeHTTP answers a display.
func (board *Board) ServeHTTP(response http.ResponseWriter, request *http.Request) {
	began := time.Now()
	region, known := board.regions[strings.TrimPrefix(request.URL.Path, "/flights/")]
	if !known {
		http.NotFound(response, request)
		return
	}
	body, err := region.encoded() // <- cost
	if err != nil {
		http.Error(response, err.Error(), http.StatusInternalServerError)
		return
	}
	response.Header().Set("Content-Type", "application/json")
	response.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = response.Write(body)
	atomic.AddInt64(&board.spent, int64(time.Since(began)))
	atomic.AddInt64(&board.served, 1)
}

// follow takes the reports of the sondes every second.
func (board *Board) follow(chance *rand.Rand) {
	for range time.Tick(time.Second) {
		for _, region := range board.regions {
			region.advance(chance)
		}
	}
}

func open(chance *rand.Rand) *Board {
	board := &Board{regions: map[string]*Region{}}
	for _, name := range regions {
		region := &Region{Name: name, AsOf: time.Now().UTC()}
		for number := 0; number < perRegion; number++ {
			station := fmt.Sprintf("%s-%02d", name, number%12)
			region.Flights = append(region.Flights, launch(chance, station, chance.Float64()*burst*0.9))
		}
		board.regions[name] = region
	}
	return board
}

// displays are those of the forecasters, in a process of their own: each asks for a region every 25 ms, until the board
// is gone.
func displays(address string) {
	var all sync.WaitGroup
	for number := 0; number < 8; number++ {
		all.Add(1)
		go func(number int) {
			defer all.Done()
			client := &http.Client{Transport: &http.Transport{}}
			for turn := number; ; turn++ {
				time.Sleep(25 * time.Millisecond)
				answer, err := client.Get("http://" + address + "/flights/" + regions[turn%len(regions)])
				if err != nil {
					return
				}
				_, _ = io.Copy(io.Discard, answer.Body)
				answer.Body.Close()
			}
		}(number)
	}
	all.Wait()
}

// start runs the displays as nobody's child.
func start(address string) error {
	own, err := os.Executable()
	if err != nil {
		return err
	}
	command := exec.Command("/bin/sh", "-c", `"$0" &`, own)
	command.Env = append(os.Environ(), "SONDE_DISPLAYS="+address)
	return command.Run()
}

func main() {
	if address := os.Getenv("SONDE_DISPLAYS"); address != "" {
		displays(address)
		return
	}
	chance := rand.New(rand.NewSource(31))
	board := open(chance)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go board.follow(chance)
	go func() { log.Fatal(http.Serve(listener, board)) }()
	if err := start(listener.Addr().String()); err != nil {
		log.Fatal(err)
	}
	fmt.Println("ready", os.Getpid())
	for range time.Tick(2 * time.Second) {
		served := atomic.LoadInt64(&board.served)
		log.Printf("%d answers, %.2f ms each", served, float64(atomic.LoadInt64(&board.spent))/1e6/float64(served+1))
	}
}
