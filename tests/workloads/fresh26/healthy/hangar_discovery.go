// expect: healthy bench

// Service discovery for the robots in a hangar for airliners.
//
// Robots and tools register what they offer and renew that with each beat; others ask where a service is to be found. Answers
// are prepared when something changes, not when somebody asks. Here 300 requests a second come in: mostly questions.
package main

import (
	"container/heap"
	"encoding/json"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/mux"
)

const lifetime = 20 * time.Second

type Instance struct {
	ID      string `json:"id"`
	Address string `json:"address"`
	Bay     int    `json:"bay"`

	service string
	expires time.Time
	place   int // in the heap
}

// expiry is a heap of instances, the next to expire first.
type expiry []*Instance

func (e expiry) Len() int            { return len(e) }
func (e expiry) Less(i, j int) bool  { return e[i].expires.Before(e[j].expires) }
func (e expiry) Swap(i, j int)       { e[i], e[j] = e[j], e[i]; e[i].place = i; e[j].place = j }
func (e *expiry) Push(x interface{}) { one := x.(*Instance); one.place = len(*e); *e = append(*e, one) }
func (e *expiry) Pop() interface{} {
	old := *e
	last := old[len(old)-1]
	old[len(old)-1] = nil
	*e = old[:len(old)-1]
	return last
}

type service struct {
	instances map[string]*Instance
	answer    []byte // nil: to be made again
}

type Registry struct {
	mu       sync.RWMutex
	services map[string]*service
	expiry   expiry
	asked    atomic.Int64
	beats    atomic.Int64
}

func NewRegistry() *Registry {
	return &Registry{services: map[string]*service{}}
}

func (r *Registry) Beat(name, id, address string, bay int) {
	r.beats.Add(1)
	now := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.services[name]
	if s == nil {
		s = &service{instances: map[string]*Instance{}}
		r.services[name] = s
	}
	if known := s.instances[id]; known != nil && known.Address == address {
		known.expires = now.Add(lifetime)
		heap.Fix(&r.expiry, known.place)
		return
	} else if known != nil {
		heap.Remove(&r.expiry, known.place)
	}
	one := &Instance{ID: id, Address: address, Bay: bay, service: name, expires: now.Add(lifetime)}
	s.instances[id] = one
	s.answer = nil
	heap.Push(&r.expiry, one)
}

func (r *Registry) Find(name string) ([]byte, error) {
	r.asked.Add(1)
	r.mu.RLock()
	s := r.services[name]
	var answer []byte
	if s != nil {
		answer = s.answer
	}
	r.mu.RUnlock()
	if s == nil || answer != nil {
		return answer, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if s.answer != nil {
		return s.answer, nil
	}
	listed := make([]*Instance, 0, len(s.instances))
	for _, one := range s.instances {
		listed = append(listed, one)
	}
	sort.Slice(listed, func(i, j int) bool { return listed[i].ID < listed[j].ID })
	made, err := json.Marshal(listed)
	if err != nil {
		return nil, err
	}
	s.answer = made
	return made, nil
}

// expire removes what was silent for too long, and tells when to look again.
func (r *Registry) expire(now time.Time) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.expiry) > 0 && r.expiry[0].expires.Before(now) {
		gone := heap.Pop(&r.expiry).(*Instance)
		s := r.services[gone.service]
		delete(s.instances, gone.ID)
		s.answer = nil
	}
	if len(r.expiry) == 0 {
		return lifetime
	}
	return time.Second + r.expiry[0].expires.Sub(now)
}

func (r *Registry) keepFresh() {
	timer := time.NewTimer(lifetime)
	for now := range timer.C {
		timer.Reset(r.expire(now))
	}
}

func (r *Registry) serveFind(w http.ResponseWriter, q *http.Request) {
	answer, err := r.Find(mux.Vars(q)["service"])
	if err != nil {
		log.Print(err)
		http.Error(w, "no answer", http.StatusInternalServerError)
		return
	}
	if answer == nil {
		http.NotFound(w, q)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(answer)))
	w.Write(answer)
}

func (r *Registry) serveBeat(w http.ResponseWriter, q *http.Request) {
	names := mux.Vars(q)
	bay, err := strconv.Atoi(names["bay"])
	if err != nil {
		http.Error(w, "no such bay", http.StatusBadRequest)
		return
	}
	r.Beat(names["service"], names["id"], "10.9."+names["bay"]+".7:8000", bay)
	w.WriteHeader(http.StatusNoContent)
}

func (r *Registry) serveCounts(w http.ResponseWriter, _ *http.Request) {
	r.mu.RLock()
	services, instances := len(r.services), len(r.expiry)
	r.mu.RUnlock()
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"services": %d, "instances": %d, "asked": %d, "beats": %d}`, services, instances, r.asked.Load(), r.beats.Load())
}

func startRobots(port int) error {
	kinds := []string{"riveter", "sander", "painter", "scanner", "crane", "tug", "washer", "lamp"}
	var paths []string
	for i, kind := range kinds {
		for n := 0; n < 12; n++ {
			paths = append(paths, "/services/"+kind)
			if n%3 == 0 {
				paths = append(paths, fmt.Sprintf("/beat/%s/%s-%d/%d", kind, kind, n, (i+n)%9))
			}
		}
	}
	paths = append(paths, "/counts")
	clients := filepath.Join(filepath.Dir(os.Getenv("SERVICES")), "clients.py")
	return exec.Command(os.Getenv("PYTHON"), clients, "http", strconv.Itoa(port), strings.Join(paths, ","), "300", "8").Run()
}

func main() {
	registry := NewRegistry()
	go registry.keepFresh()
	router := mux.NewRouter()
	router.HandleFunc("/services/{service}", registry.serveFind)
	router.HandleFunc("/beat/{service}/{id}/{bay}", registry.serveBeat)
	router.HandleFunc("/counts", registry.serveCounts)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go func() {
		if err := startRobots(listener.Addr().(*net.TCPAddr).Port); err != nil {
			log.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		fmt.Println("ready", os.Getpid())
	}()
	server := &http.Server{Handler: router, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute}
	log.Fatal(server.Serve(listener))
}
