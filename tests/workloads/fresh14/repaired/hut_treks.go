// expect: healthy bench
// Plans treks from hut to hut: a hiker names a trail, and the planner asks the booking system of each hut along it for beds
// in the nights of the trek, weighs the stages by climb, and answers with the itinerary.
//
// Measured: a trek is answered in 145 to 194 ms, in the twin in 20 to 28 ms; both ask 10.5 huts a trek, 12 treks a second.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"math"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"
)

type Hut struct {
	Name     string
	Altitude float64
	Lat, Lon float64
}

type Stage struct {
	Hut   string  `json:"hut"`
	Hours float64 `json:"hours"`
	Beds  int     `json:"beds"`
}

type Trail struct {
	Name string
	Huts []Hut
}

func (t Trail) hours(to int) float64 {
	if to == 0 {
		return 0
	}
	a, b := t.Huts[to-1], t.Huts[to]
	flat := math.Hypot((a.Lat-b.Lat)*111, (a.Lon-b.Lon)*76)
	climb := math.Max(0, b.Altitude-a.Altitude)
	return flat/4 + climb/400
}

// Wardens reach the booking systems of the huts.
type Wardens struct {
	base   string
	client *http.Client
	asked  int64
}

func (w *Wardens) Beds(hut Hut, night int) (int, error) {
	atomic.AddInt64(&w.asked, 1)
	answer, err := w.client.Get(fmt.Sprintf("%s/huts/%s/nights/%d", w.base, hut.Name, night))
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	var told struct {
		Stock int `json:"stock"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&told); err != nil {
		return 0, err
	}
	io.Copy(io.Discard, answer.Body)
	return told.Stock, nil
}

type Planner struct {
	wardens *Wardens
	trails  map[string]Trail
	served  int64
}

type visitor func(at int, hut Hut) error

func (p *Planner) along(trail Trail, visit visitor) error {
	answers := make(chan error, len(trail.Huts))
	for at, hut := range trail.Huts {
		go func(at int, hut Hut) {
			err := visit(at, hut)
			if err != nil {
				err = fmt.Errorf("%s: %w", hut.Name, err)
			}
			answers <- err
		}(at, hut)
	}
	var first error
	for range trail.Huts {
		if err := <-answers; err != nil && first == nil {
			first = err
		}
	}
	return first
}

func (p *Planner) Itinerary(trail Trail, first int) ([]Stage, error) {
	stages := make([]Stage, len(trail.Huts))
	err := p.along(trail, func(at int, hut Hut) error {
		beds, err := p.wardens.Beds(hut, first+at)
		if err != nil {
			return err
		}
		stages[at] = Stage{Hut: hut.Name, Hours: trail.hours(at), Beds: beds}
		return nil
	})
	return stages, err
}

func (p *Planner) ServeHTTP(out http.ResponseWriter, request *http.Request) {
	name := strings.TrimPrefix(request.URL.Path, "/treks/")
	trail, known := p.trails[name]
	if !known {
		http.NotFound(out, request)
		return
	}
	stages, err := p.Itinerary(trail, len(name)*3)
	if err != nil {
		http.Error(out, err.Error(), http.StatusBadGateway)
		return
	}
	full := 0
	for _, stage := range stages {
		if stage.Beds == 0 {
			full++
		}
	}
	atomic.AddInt64(&p.served, 1)
	out.Header().Set("Content-Type", "application/json")
	json.NewEncoder(out).Encode(map[string]interface{}{"trail": trail.Name, "full": full, "stages": stages})
}

func trails() map[string]Trail {
	all := map[string]Trail{}
	for t, name := range []string{"ridge", "glacier", "salt-road", "marmot"} {
		trail := Trail{Name: name}
		for i := 0; i < 9+t; i++ {
			hut := Hut{fmt.Sprintf("%s-%d", name, i), 1400 + 900*math.Abs(math.Sin(float64(i+t))), 46.5 + 0.05*float64(i), 10 + 0.04*float64(t)}
			trail.Huts = append(trail.Huts, hut)
		}
		all[name] = trail
	}
	return all
}

func bookingSystems() (string, error) {
	command := exec.Command(os.Getenv("PYTHON"), os.Getenv("SERVICES"), "http", "15")
	command.Stderr = os.Stderr
	told, err := command.Output()
	if err != nil {
		return "", err
	}
	return "http://127.0.0.1:" + strings.TrimSpace(string(told)), nil
}

func main() {
	base, err := bookingSystems()
	if err != nil {
		log.Fatal(err)
	}
	transport := &http.Transport{MaxIdleConnsPerHost: 64, IdleConnTimeout: time.Minute}
	planner := &Planner{
		wardens: &Wardens{base: base, client: &http.Client{Transport: transport, Timeout: 5 * time.Second}},
		trails:  trails(),
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go http.Serve(listener, planner)
	port := fmt.Sprint(listener.Addr().(*net.TCPAddr).Port)
	clients := filepath.Join(filepath.Dir(os.Getenv("SERVICES")), "clients.py")
	paths := "/treks/ridge,/treks/glacier,/treks/salt-road,/treks/marmot"
	if err := exec.Command(os.Getenv("PYTHON"), clients, "http", port, paths, "12", "4").Run(); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("ready %d\n", os.Getpid())
	for range time.Tick(2 * time.Second) {
		log.Printf("%d treks, %d huts asked", atomic.LoadInt64(&planner.served), atomic.LoadInt64(&planner.wardens.asked))
	}
}
