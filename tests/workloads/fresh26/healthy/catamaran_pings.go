// expect: healthy bench

// Regatta collector: the boats' trackers ask for /ping/BOAT to tell that they are alive and get their course; the
// collector keeps the last ping and the count of each boat, and appends a snapshot to the log of the race each second.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"log"
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
	boats          = 120
	pingsPerSecond = 600
	keptSnapshots  = 1800
)

type boat struct {
	Name   string `json:"name"`
	Course int    `json:"course"`
	Leg    int    `json:"leg"`
	Pings  int    `json:"pings"`

	last time.Time
}

type fleet struct {
	mu    sync.Mutex
	boats map[string]*boat
}

func newFleet() *fleet {
	f := &fleet{boats: make(map[string]*boat, boats)}
	for i := 0; i < boats; i++ {
		name := "cat-" + strconv.Itoa(i)
		f.boats[name] = &boat{Name: name, Course: i * 37 % 360, Leg: 1}
	}
	return f
}

// ping counts a ping and returns the boat as it is then.
func (f *fleet) ping(name string, now time.Time) (boat, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	b := f.boats[name]
	if b == nil {
		return boat{}, false
	}
	b.Pings++
	b.Leg = 1 + b.Pings/500%6
	b.last = now
	return *b, true
}

func (f *fleet) snapshot() []boat {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := make([]boat, 0, len(f.boats))
	for _, b := range f.boats {
		all = append(all, *b)
	}
	return all
}

func (f *fleet) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, "/ping/")
	b, ok := f.ping(name, time.Now())
	if !ok {
		http.NotFound(w, r)
		return
	}
	body, err := json.Marshal(b)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write(body)
}

// raceLog takes a snapshot each second, and starts afresh after half an hour.
func raceLog(f *fleet) error {
	out, err := os.Create("race.log")
	if err != nil {
		return err
	}
	defer out.Close()
	buffered := bufio.NewWriterSize(out, 32<<10)
	for count := 1; ; count++ {
		time.Sleep(time.Second)
		now := time.Now()
		silent := 0
		all := f.snapshot()
		for i := range all {
			if now.Sub(all[i].last) > 10*time.Second {
				silent++
			}
			fmt.Fprintf(buffered, "%d %s %d %d\n", now.Unix(), all[i].Name, all[i].Leg, all[i].Pings)
		}
		fmt.Fprintf(buffered, "%d silent %d\n", now.Unix(), silent)
		if err := buffered.Flush(); err != nil {
			return err
		}
		if count%keptSnapshots == 0 {
			if err := out.Truncate(0); err != nil {
				return err
			}
			if _, err := out.Seek(0, 0); err != nil {
				return err
			}
		}
	}
}

// trackers starts the boats' trackers in a process of its own.
func trackers(port int) error {
	paths := make([]string, boats)
	for i := range paths {
		paths[i] = "/ping/cat-" + strconv.Itoa(i)
	}
	script := filepath.Join(filepath.Dir(os.Getenv("SERVICES")), "clients.py")
	return exec.Command(os.Getenv("PYTHON"), script, "http", strconv.Itoa(port), strings.Join(paths, ","),
		strconv.Itoa(pingsPerSecond), "8").Run()
}

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	f := newFleet()
	mux := http.NewServeMux()
	mux.Handle("/ping/", f)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go func() { log.Fatal(server.Serve(listener)) }()
	go func() { log.Fatal(raceLog(f)) }()
	if err := trackers(listener.Addr().(*net.TCPAddr).Port); err != nil {
		log.Fatal(err)
	}
	time.Sleep(time.Second)
	fmt.Println("ready", os.Getpid())
	select {}
}
