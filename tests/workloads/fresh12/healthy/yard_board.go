// expect: healthy bench
// The yard of a tram depot: cars come in and go out on their tracks, the shunters' tablets ask for a track with the order
// in which its cars can leave, and the signal box waits for the next change. A track's page is made when the track
// changes, and kept.
// Measured: 10 % of a core; a track changes 40 times a second.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
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
	tracks    = 18
	places    = 12
	lines     = 9
	moveEvery = 25 * time.Millisecond
)

type Car struct {
	Number int    `json:"number"`
	Line   int    `json:"line"`
	Leaves int    `json:"leaves"` // minutes after three in the morning
	Series string `json:"series"`
}

type Departure struct {
	Car    int `json:"car"`
	Leaves int `json:"leaves"`
	Moves  int `json:"moves"` // cars that stand in its way
}

// A Track is a stub: what came in first leaves last.
type Track struct {
	mutex   sync.RWMutex
	name    string
	cars    []Car
	page    []byte
	changed chan struct{} // closed at the next change
}

func newTrack(number int) *Track {
	track := &Track{name: fmt.Sprintf("track-%d", number), changed: make(chan struct{})}
	track.render()
	return track
}

// plan tells in which order the cars leave, and how many must be moved for each.
func plan(cars []Car) []Departure {
	left := make([]Car, len(cars))
	copy(left, cars)
	departures := make([]Departure, 0, len(cars))
	for len(left) > 0 {
		first := 0
		for at := range left {
			if left[at].Leaves < left[first].Leaves {
				first = at
			}
		}
		car := left[first]
		departures = append(departures, Departure{car.Number, car.Leaves, len(left) - 1 - first})
		left = append(left[:first], left[first+1:]...)
	}
	return departures
}

// render makes the page of the track; its owner holds the lock or is alone.
func (t *Track) render() {
	var page bytes.Buffer
	err := json.NewEncoder(&page).Encode(struct {
		Track      string      `json:"track"`
		Cars       []Car       `json:"cars"`
		Departures []Departure `json:"departures"`
	}{t.name, t.cars, plan(t.cars)})
	if err != nil {
		panic(err)
	}
	t.page = page.Bytes()
}

// move lets a car in, or the last one out when the track is full.
func (t *Track) move(car Car) bool {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	entered := len(t.cars) < places
	if entered {
		t.cars = append(t.cars, car)
	} else {
		t.cars = t.cars[:len(t.cars)-3]
	}
	t.render()
	close(t.changed)
	t.changed = make(chan struct{})
	return entered
}

func (t *Track) view() []byte {
	t.mutex.RLock()
	defer t.mutex.RUnlock()
	return t.page
}

func (t *Track) next() <-chan struct{} {
	t.mutex.RLock()
	defer t.mutex.RUnlock()
	return t.changed
}

type Yard struct {
	tracks  [tracks]*Track
	entered int
	left    int
}

func newYard() *Yard {
	yard := &Yard{}
	for number := range yard.tracks {
		yard.tracks[number] = newTrack(number)
	}
	return yard
}

// run moves cars as the drivers report them, and notes now and then how many.
func (y *Yard) run(moves <-chan Car, folder string) {
	notes := time.NewTicker(2 * time.Second)
	defer notes.Stop()
	for {
		select {
		case car := <-moves:
			if y.tracks[car.Number%tracks].move(car) {
				y.entered++
			} else {
				y.left += 3
			}
		case <-notes.C:
			note := fmt.Sprintf("%d cars in, %d out\n", y.entered, y.left)
			if err := os.WriteFile(filepath.Join(folder, "yard.txt"), []byte(note), 0o644); err != nil {
				fmt.Fprintln(os.Stderr, err)
			}
		}
	}
}

// A search looks for the tracks on which the next cars stand in each other's way least.
type search struct {
	leaves [tracks][places + 3]int
	count  [tracks]int
	cars   [3]int
	chosen [3]int
	best   [3]int
	least  int
}

// look puts the cars from `at` on onto each track in turn, and takes them away again.
func (s *search) look(at, moves int) {
	if moves >= s.least {
		return
	}
	if at == len(s.cars) {
		s.least, s.best = moves, s.chosen
		return
	}
	for track := range s.leaves {
		count := s.count[track]
		if count >= places {
			continue
		}
		blocked := 0
		for _, leaves := range s.leaves[track][:count] {
			if leaves < s.cars[at] {
				blocked += 12
			}
		}
		s.leaves[track][count] = s.cars[at]
		s.count[track]++
		s.chosen[at] = track
		s.look(at+1, moves+blocked+count+1)
		s.count[track]--
	}
}

// propose tells on which tracks three cars should be put that leave at these minutes.
func (y *Yard) propose(cars [3]int) [3]int {
	s := search{cars: cars, least: 1 << 30}
	for number, track := range y.tracks {
		track.mutex.RLock()
		for at, car := range track.cars {
			s.leaves[number][at] = car.Leaves
		}
		s.count[number] = len(track.cars)
		track.mutex.RUnlock()
	}
	s.look(0, 0)
	return s.best
}

func (y *Yard) place(writer http.ResponseWriter, minutes string) {
	var cars [3]int
	words := strings.SplitN(minutes, ",", len(cars))
	for at, word := range words {
		cars[at], _ = strconv.Atoi(word)
	}
	best := y.propose(cars)
	fmt.Fprintf(writer, "{\"tracks\": [%d, %d, %d]}\n", best[0], best[1], best[2])
}

func (y *Yard) track(path string) *Track {
	number, err := strconv.Atoi(path)
	if err != nil || number < 0 || number >= tracks {
		return nil
	}
	return y.tracks[number]
}

func (y *Yard) ServeHTTP(writer http.ResponseWriter, request *http.Request) {
	parts := strings.Split(request.URL.Path, "/")
	if len(parts) == 3 && parts[1] == "place" {
		y.place(writer, parts[2])
		return
	}
	if len(parts) != 3 || y.track(parts[2]) == nil {
		http.NotFound(writer, request)
		return
	}
	track := y.track(parts[2])
	if parts[1] == "next" {
		select {
		case <-track.next():
		case <-time.After(2 * time.Second):
		case <-request.Context().Done():
			return
		}
	}
	page := track.view()
	writer.Header().Set("Content-Type", "application/json")
	writer.Header().Set("Content-Length", strconv.Itoa(len(page)))
	writer.Write(page)
}

// drivers report where they put their cars.
func drivers(moves chan<- Car) {
	ticks := time.NewTicker(moveEvery)
	defer ticks.Stop()
	series := []string{"M28", "M32", "M40"}
	for number := 0; ; number++ {
		<-ticks.C
		moves <- Car{200 + number*7%400, 1 + number%lines, number * 37 % 240, series[number%len(series)]}
	}
}

// tablets are the shunters' tablets and the signal box; they run in a process of their own.
func tablets(port string) {
	base := "http://127.0.0.1:" + port
	ask := func(path string) {
		answer, err := http.Get(base + path)
		if err != nil {
			os.Exit(0) // the yard is closed
		}
		io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
	}
	for shunter := 0; shunter < 6; shunter++ {
		go func(shunter int) {
			ticks := time.NewTicker(8 * time.Millisecond)
			for at := shunter; ; at += 5 {
				<-ticks.C
				ask(fmt.Sprintf("/track/%d", at%tracks))
				ask(fmt.Sprintf("/place/%d,%d,%d", at*37%240, at*53%240, at*71%240))
			}
		}(shunter)
	}
	for at := 0; ; at++ {
		ask(fmt.Sprintf("/next/%d", at%tracks))
	}
}

// again starts this program once more, in another role.
func again(role, port string) *exec.Cmd {
	own, err := os.Executable()
	if err != nil {
		panic(err)
	}
	command := exec.Command(own)
	command.Env = append(os.Environ(), "YARD_ROLE="+role, "YARD_PORT="+port)
	return command
}

func main() {
	port := os.Getenv("YARD_PORT")
	switch os.Getenv("YARD_ROLE") {
	case "tablets":
		tablets(port)
	case "crew": // leaves the tablets to themselves
		if err := again("tablets", port).Start(); err != nil {
			os.Exit(1)
		}
		return
	}
	folder, err := os.MkdirTemp("", "yard-")
	if err != nil {
		panic(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	yard := newYard()
	moves := make(chan Car, 16)
	go yard.run(moves, folder)
	go drivers(moves)
	_, port, _ = net.SplitHostPort(listener.Addr().String())
	if err := again("crew", port).Run(); err != nil {
		panic(err)
	}
	fmt.Println("ready", os.Getpid())
	panic(http.Serve(listener, yard))
}
