// expect: healthy bench

// The mailroom of an airship line: radiograms between ships and masts over HTTP. POST /send/{box} puts one into a box,
// GET /box/{box} gives the newest ten, GET /boxes tells how full the boxes are. Boxes keep their newest sixteen.
// A server under a steady load of 400 requests a second.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
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
	boxes     = 120
	kept      = 16
	shown     = 10
	longest   = 2048
	summaries = time.Second
)

type Radiogram struct {
	Number int64  `json:"number"`
	From   string `json:"from"`
	Text   string `json:"text"`
	At     int64  `json:"at"`
}

// Box is a ring of the newest radiograms.
type Box struct {
	mu    sync.Mutex
	count int64
	ring  [kept]Radiogram
}

func (b *Box) put(r Radiogram) int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.count++
	r.Number = b.count
	b.ring[b.count%kept] = r
	return r.Number
}

func (b *Box) newest(into []Radiogram) []Radiogram {
	b.mu.Lock()
	defer b.mu.Unlock()
	for n := b.count; n > 0 && n > b.count-shown; n-- {
		into = append(into, b.ring[n%kept])
	}
	return into
}

func (b *Box) size() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.count > kept {
		return kept
	}
	return b.count
}

type Mailroom struct {
	boxes   [boxes]Box
	summary atomic.Value // []byte
}

func (m *Mailroom) box(path, prefix string) *Box {
	number, err := strconv.Atoi(strings.TrimPrefix(path, prefix))
	if err != nil || number < 0 || number >= boxes {
		return nil
	}
	return &m.boxes[number]
}

func (m *Mailroom) send(w http.ResponseWriter, r *http.Request) {
	box := m.box(r.URL.Path, "/send/")
	if box == nil || r.Method != http.MethodPost {
		http.Error(w, "no such box", http.StatusNotFound)
		return
	}
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, longest))
	if err != nil {
		http.Error(w, "too long", http.StatusRequestEntityTooLarge)
		return
	}
	number := box.put(Radiogram{From: r.RemoteAddr, Text: string(text), At: time.Now().Unix()})
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, "{\"number\":%d}\n", number)
}

func (m *Mailroom) show(w http.ResponseWriter, r *http.Request) {
	box := m.box(r.URL.Path, "/box/")
	if box == nil {
		http.Error(w, "no such box", http.StatusNotFound)
		return
	}
	newest := box.newest(make([]Radiogram, 0, shown))
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(newest); err != nil {
		log.Print(err)
	}
}

func (m *Mailroom) sizes(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Write(m.summary.Load().([]byte))
}

func (m *Mailroom) summarize() {
	sizes := make([]int64, boxes)
	for i := range m.boxes {
		sizes[i] = m.boxes[i].size()
	}
	text, err := json.Marshal(sizes)
	if err != nil {
		log.Fatal(err)
	}
	m.summary.Store(text)
}

const customers = `
import os, sys
sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import clients, services
port = int(sys.argv[1])
text = b"PASSED CAPE FINISTERRE 0615 ALT 300 WIND WSW 20 KN GAS 92 PCT ALL WELL STOP MOORING AT DUSK STOP"
boxes = [f"/box/{n}" for n in range(120)] + ["/boxes"] * 4
services.outside(lambda: clients.come(port, [f"/send/{n}" for n in range(120)], 150, 4, body=text))
services.outside(lambda: clients.come(port, boxes, 250, 6))
`

func main() {
	mailroom := &Mailroom{}
	mailroom.summarize()
	go func() {
		for range time.Tick(summaries) {
			mailroom.summarize()
		}
	}()

	routes := http.NewServeMux()
	routes.HandleFunc("/send/", mailroom.send)
	routes.HandleFunc("/box/", mailroom.show)
	routes.HandleFunc("/boxes", mailroom.sizes)

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go func() {
		port := strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
		if err := exec.Command(os.Getenv("PYTHON"), "-c", customers, port).Run(); err != nil {
			log.Fatal(err)
		}
		time.Sleep(500 * time.Millisecond)
		fmt.Println("ready", os.Getpid())
	}()
	server := &http.Server{Handler: routes, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute}
	log.Fatal(server.Serve(listener))
}
