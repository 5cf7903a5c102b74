// expect: healthy bench
// Leads visitors out of hedge mazes: a group that is lost presses a button, and the service answers which way it is to
// turn, given where it stands and which passages the gardeners have shut (they tell in an HTTP service of their own).
//
// Measured: a request takes 9.7 to 15 ms, in the twin 2.5 ms; both answer 240 a second with some 34 loads a second.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
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

	"github.com/gorilla/mux"
)

const (
	mazes  = 240
	side   = 24
	rate   = 240 // presses a second
	groups = 24
	valid  = 6 * time.Second
)

// Cut is what the gardeners do in a maze: how far they are, and how many passages they have shut.
type Cut struct {
	Maze  int
	Stage int `json:"price"`
	Shut  int `json:"stock"`
	until time.Time
}

// Gardeners asks the gardeners' service, and remembers for a while what it said.
type Gardeners struct {
	client *http.Client
	url    string
	mutex  sync.Mutex
	known  map[int]*known
	loads  int64
}

// known is what the gardeners said of one maze; who asks for that while it is loaded waits for it.
type known struct {
	mutex sync.Mutex
	cut   *Cut
}

func NewGardeners(url string) *Gardeners {
	transport := &http.Transport{MaxIdleConns: groups, MaxIdleConnsPerHost: groups, IdleConnTimeout: time.Minute}
	return &Gardeners{
		client: &http.Client{Transport: transport, Timeout: 5 * time.Second},
		url:    url,
		known:  make(map[int]*known),
	}
}

func (g *Gardeners) load(maze int) (*Cut, error) {
	answer, err := g.client.Get(fmt.Sprintf("%s/mazes/%d/cut", g.url, maze))
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("gardeners: maze %d: %s", maze, answer.Status)
	}
	spread := time.Duration(rand.Int63n(int64(valid))) // so that not all end at the same time
	cut := &Cut{Maze: maze, until: time.Now().Add(valid/2 + spread)}
	atomic.AddInt64(&g.loads, 1)
	return cut, json.Unmarshal(body, cut)
}

// Cut is what is known of a maze, at most a moment old.
func (g *Gardeners) Cut(maze int) (*Cut, error) {
	of := g.of(maze)
	of.mutex.Lock()
	defer of.mutex.Unlock()
	if of.cut != nil && time.Now().Before(of.cut.until) {
		return of.cut, nil
	}
	cut, err := g.load(maze)
	if err != nil {
		return nil, err
	}
	of.cut = cut
	return cut, nil
}

func (g *Gardeners) of(maze int) *known {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	if g.known[maze] == nil {
		g.known[maze] = &known{}
	}
	return g.known[maze]
}

// Maze is a square of cells; walls holds for each cell which of its four sides are hedges.
type Maze struct {
	walls [side * side]uint8
}

var steps = [4]int{-side, 1, side, -1}

// Grow cuts passages into a block of hedge, so that each cell can be reached.
func Grow(seed int64) *Maze {
	m, dice := &Maze{}, rand.New(rand.NewSource(seed))
	for i := range m.walls {
		m.walls[i] = 15
	}
	seen, path := make([]bool, side*side), []int{0}
	seen[0] = true
	for len(path) > 0 {
		at, moved := path[len(path)-1], false
		for _, way := range dice.Perm(4) {
			if next, ok := neighbour(at, way); ok && !seen[next] {
				m.open(at, next, way)
				seen[next], moved = true, true
				path = append(path, next)
				break
			}
		}
		if !moved {
			path = path[:len(path)-1]
		}
	}
	for i := 0; i < side*2; i++ { // loops, so that there is a second way
		at, way := dice.Intn(side*side), dice.Intn(4)
		if next, ok := neighbour(at, way); ok {
			m.open(at, next, way)
		}
	}
	return m
}

func (m *Maze) open(at, next, way int) {
	m.walls[at] &^= 1 << way
	m.walls[next] &^= 1 << ((way + 2) % 4)
}

func neighbour(at, way int) (int, bool) {
	if way == 1 && at%side == side-1 || way == 3 && at%side == 0 {
		return 0, false
	}
	next := at + steps[way]
	return next, next >= 0 && next < side*side
}

// Way is the first turn of the shortest way out, which is at cell 0, and how long that is.
func (m *Maze) Way(from int, cut *Cut) (int, int) {
	shut := func(cell int) bool { return cell != from && cell != 0 && (cell*31+cut.Stage)%199 < cut.Shut/4 }
	var distance [side * side]int16
	queue := make([]int, 1, side*side)
	distance[0] = 1
	for len(queue) > 0 && distance[from] == 0 {
		at := queue[0]
		queue = queue[1:]
		for way := 0; way < 4; way++ {
			next, ok := neighbour(at, way)
			if ok && m.walls[at]>>way&1 == 0 && distance[next] == 0 && !shut(next) {
				distance[next] = distance[at] + 1
				queue = append(queue, next)
			}
		}
	}
	for way := 0; way < 4; way++ {
		next, ok := neighbour(from, way)
		if ok && m.walls[from]>>way&1 == 0 && distance[next] > 0 && distance[next] == distance[from]-1 {
			return way, int(distance[from]) - 1
		}
	}
	return -1, 0
}

type Service struct {
	gardeners            *Gardeners
	mazes                []*Maze
	answered, lost, took int64
}

func (s *Service) help(out http.ResponseWriter, request *http.Request) {
	began := time.Now()
	maze, _ := strconv.Atoi(mux.Vars(request)["maze"])
	cell, err := strconv.Atoi(request.URL.Query().Get("cell"))
	if err != nil || maze >= len(s.mazes) || cell < 0 || cell >= side*side {
		http.Error(out, "no such place", http.StatusBadRequest)
		return
	}
	cut, err := s.gardeners.Cut(maze)
	if err != nil {
		http.Error(out, err.Error(), http.StatusBadGateway)
		return
	}
	way, length := s.mazes[maze].Way(cell, cut)
	if way < 0 {
		atomic.AddInt64(&s.lost, 1) // a guide will fetch them
	}
	out.Header().Set("Content-Type", "application/json")
	json.NewEncoder(out).Encode(map[string]int{"turn": way, "cells": length, "stage": cut.Stage})
	atomic.AddInt64(&s.answered, 1)
	atomic.AddInt64(&s.took, int64(time.Since(began)))
}

// press is what the groups in the mazes do, each on a connection of its own.
func press(url string) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: groups}}
	var all sync.WaitGroup
	for group := 0; group < groups; group++ {
		all.Add(1)
		time.Sleep(time.Second / rate)
		go func() {
			defer all.Done()
			for range time.Tick(time.Second * groups / rate) {
				answer, err := client.Get(fmt.Sprintf("%s/mazes/%d?cell=%d", url, rand.Intn(mazes), rand.Intn(side*side)))
				if err != nil {
					return
				}
				io.Copy(io.Discard, answer.Body)
				answer.Body.Close()
			}
		}()
	}
	all.Wait()
}

func main() {
	if len(os.Args) > 1 {
		press(os.Args[1])
		return
	}
	command := exec.Command(os.Getenv("PYTHON"), os.Getenv("SERVICES"), "http", "16")
	command.Stderr = os.Stderr
	told, err := command.Output()
	if err != nil {
		log.Fatal(err)
	}
	service := &Service{gardeners: NewGardeners("http://127.0.0.1:" + strings.TrimSpace(string(told)))}
	for maze := 0; maze < mazes; maze++ {
		service.mazes = append(service.mazes, Grow(int64(maze)))
	}
	router := mux.NewRouter()
	router.HandleFunc("/mazes/{maze:[0-9]+}", service.help)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go http.Serve(listener, router)
	self, err := os.Executable()
	if err != nil {
		log.Fatal(err)
	}
	load := fmt.Sprintf("'%s' http://%s >/dev/null 2>&1 &", self, listener.Addr())
	if err := exec.Command("sh", "-c", load).Run(); err != nil {
		log.Fatal(err)
	}
	time.Sleep(7 * time.Second)
	fmt.Printf("ready %d\n", os.Getpid())
	for range time.Tick(5 * time.Second) {
		answered := atomic.SwapInt64(&service.answered, 0)
		each := float64(atomic.SwapInt64(&service.took, 0)) / 1e6 / float64(answered)
		loads, lost := atomic.SwapInt64(&service.gardeners.loads, 0), atomic.LoadInt64(&service.lost)
		log.Printf("%d answered, %.2f ms each, %d loads, %d groups shut in", answered, each, loads, lost)
	}
}
