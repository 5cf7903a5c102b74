// bench: healthy
// Answers rangers who look for pangolins: which way through the forest from a camera trap to a burrow is the easiest,
// given the undergrowth and the streams that are flooded now. Ways are kept for a while, at most 256 of them; new
// ones are looked for by two at a time; floods fall dry by themselves.
//
// Measured: 5 % of a core for 150 questions a second, 40 of which are searched for.
package main

import (
	"container/list"
	"context"
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
	side    = 120 // the forest is so many plots wide and deep
	cameras = 30
	burrows = 40
	kept    = 256
	rate    = 150 // questions a second
	rangers = 6
	floods  = 12
)

// Forest is how hard each plot is to cross.
type Forest struct {
	mutex   sync.RWMutex
	effort  [side * side]float32
	flooded map[int]time.Time
	version int
}

func NewForest() *Forest {
	forest := &Forest{flooded: map[int]time.Time{}}
	for i := range forest.effort {
		x, y := float64(i%side), float64(i/side)
		forest.effort[i] = float32(1.6 + math.Sin(x/5)*math.Cos(y/7) + 0.4*rand.Float64())
	}
	return forest
}

func (f *Forest) Flood(plot int, until time.Time) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if len(f.flooded) < floods {
		f.flooded[plot] = until
		f.version++
	}
}

// Dry forgets the floods that are over.
func (f *Forest) Dry(now time.Time) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	for plot, until := range f.flooded {
		if now.After(until) {
			delete(f.flooded, plot)
			f.version++
		}
	}
}

func (f *Forest) Version() int {
	f.mutex.RLock()
	defer f.mutex.RUnlock()
	return f.version
}

// search is what one search needs; it is used again.
type search struct {
	cost  [side * side]float32
	from  [side * side]int32
	heap  []entry
	water [side * side]bool
}

type entry struct {
	cost float32
	plot int32
}

func (s *search) push(e entry) {
	s.heap = append(s.heap, e)
	at := len(s.heap) - 1
	for at > 0 && s.heap[(at-1)/2].cost > s.heap[at].cost {
		s.heap[at], s.heap[(at-1)/2] = s.heap[(at-1)/2], s.heap[at]
		at = (at - 1) / 2
	}
}

func (s *search) pop() entry {
	first, last := s.heap[0], len(s.heap)-1
	s.heap[0] = s.heap[last]
	s.heap = s.heap[:last]
	for at := 0; ; {
		child := 2*at + 1
		if child >= last {
			return first
		}
		if child+1 < last && s.heap[child+1].cost < s.heap[child].cost {
			child++
		}
		if s.heap[at].cost <= s.heap[child].cost {
			return first
		}
		s.heap[at], s.heap[child] = s.heap[child], s.heap[at]
		at = child
	}
}

type Way struct {
	Effort  float32 `json:"effort"`
	Plots   []int32 `json:"plots"`
	version int
}

func (f *Forest) Way(s *search, from, to int32) (*Way, error) {
	f.mutex.RLock()
	version := f.version
	for plot := range f.flooded {
		s.water[plot] = true
		defer func(plot int) { s.water[plot] = false }(plot)
	}
	f.mutex.RUnlock()
	for i := range s.cost {
		s.cost[i] = math.MaxFloat32
	}
	s.heap = s.heap[:0]
	s.cost[from], s.from[from] = 0, -1
	s.push(entry{0, from})
	for len(s.heap) > 0 {
		here := s.pop()
		if here.plot == to {
			way := &Way{Effort: here.cost, version: version, Plots: make([]int32, 0, 2*side)}
			for plot := to; plot >= 0; plot = s.from[plot] {
				way.Plots = append(way.Plots, plot)
			}
			return way, nil
		}
		if here.cost > s.cost[here.plot] {
			continue
		}
		x, y := here.plot%side, here.plot/side
		for _, step := range [4][2]int32{{1, 0}, {-1, 0}, {0, 1}, {0, -1}} {
			nx, ny := x+step[0], y+step[1]
			if nx < 0 || ny < 0 || nx >= side || ny >= side || s.water[ny*side+nx] {
				continue
			}
			next := ny*side + nx
			if cost := here.cost + f.effort[next]; cost < s.cost[next] {
				s.cost[next], s.from[next] = cost, here.plot
				s.push(entry{cost, next})
			}
		}
	}
	return nil, errors.New("the floods are in the way")
}

// Ways keeps the ways that were asked for most recently.
type Ways struct {
	mutex sync.Mutex
	order *list.List
	found map[[2]int32]*list.Element
}

type kin struct {
	ends [2]int32
	way  *Way
}

func (w *Ways) Get(ends [2]int32, version int) *Way {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	element, ok := w.found[ends]
	if !ok || element.Value.(kin).way.version != version {
		return nil
	}
	w.order.MoveToFront(element)
	return element.Value.(kin).way
}

func (w *Ways) Put(ends [2]int32, way *Way) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if old, ok := w.found[ends]; ok {
		w.order.Remove(old)
	}
	w.found[ends] = w.order.PushFront(kin{ends, way})
	if w.order.Len() > kept {
		last := w.order.Back()
		delete(w.found, last.Value.(kin).ends)
		w.order.Remove(last)
	}
}

type Post struct {
	forest   *Forest
	ways     *Ways
	searches chan *search
	asked    int64
	searched int64
}

func (p *Post) find(ctx context.Context, ends [2]int32) (*Way, error) {
	if way := p.ways.Get(ends, p.forest.Version()); way != nil {
		return way, nil
	}
	select {
	case s := <-p.searches:
		defer func() { p.searches <- s }()
		atomic.AddInt64(&p.searched, 1)
		way, err := p.forest.Way(s, ends[0], ends[1])
		if err == nil {
			p.ways.Put(ends, way)
		}
		return way, err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p *Post) way(out http.ResponseWriter, request *http.Request) {
	words := mux.Vars(request)
	camera, _ := strconv.Atoi(words["camera"])
	burrow, _ := strconv.Atoi(words["burrow"])
	ctx, cancel := context.WithTimeout(request.Context(), 2*time.Second)
	defer cancel()
	ends := [2]int32{int32(camera%cameras*127+60) % (side * side), int32(burrow%burrows*119+2900) % (side * side)}
	way, err := p.find(ctx, ends)
	if err != nil {
		http.Error(out, err.Error(), http.StatusServiceUnavailable)
		return
	}
	out.Header().Set("Content-Type", "application/json")
	json.NewEncoder(out).Encode(way)
	atomic.AddInt64(&p.asked, 1)
}

func (p *Post) weather() {
	for now := range time.Tick(250 * time.Millisecond) {
		p.forest.Dry(now)
		if rand.Intn(40) == 0 {
			p.forest.Flood(rand.Intn(side*side), now.Add(8*time.Second))
		}
	}
}

// ask is the part of the rangers.
func ask(address string) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: rangers}}
	for ranger := 0; ranger < rangers; ranger++ {
		go func(ranger int) {
			time.Sleep(time.Duration(ranger) * time.Second / rate)
			for range time.Tick(rangers * time.Second / rate) {
				camera, burrow := rand.Intn(cameras), rand.Intn(burrows)
				if rand.Intn(5) > 0 { // most of them look for the tame ones
					camera, burrow = camera%8, burrow%8
				}
				path := fmt.Sprintf("http://%s/ways/%d/%d", address, camera, burrow)
				response, err := client.Get(path)
				if err != nil {
					os.Exit(1)
				}
				io.Copy(io.Discard, response.Body)
				response.Body.Close()
			}
		}(ranger)
	}
	select {}
}

func main() {
	if len(os.Args) > 2 && os.Args[1] == "ask" {
		ask(os.Args[2])
	}
	post := &Post{
		forest:   NewForest(),
		ways:     &Ways{order: list.New(), found: map[[2]int32]*list.Element{}},
		searches: make(chan *search, 2),
	}
	post.searches <- &search{}
	post.searches <- &search{}
	router := mux.NewRouter()
	router.HandleFunc("/ways/{camera:[0-9]+}/{burrow:[0-9]+}", post.way).Methods(http.MethodGet)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go http.Serve(listener, router)
	go post.weather()
	script := `"$0" ask "$1" >/dev/null 2>&1 &`
	if err := exec.Command("sh", "-c", script, os.Args[0], listener.Addr().String()).Run(); err != nil {
		log.Fatal(err)
	}
	for atomic.LoadInt64(&post.asked) < rate {
		time.Sleep(100 * time.Millisecond)
	}
	fmt.Printf("ready %d\n", os.Getpid())
	for range time.Tick(5 * time.Second) {
		log.Printf("%d asked, %d searched", atomic.SwapInt64(&post.asked, 0), atomic.SwapInt64(&post.searched, 0))
	}
}
