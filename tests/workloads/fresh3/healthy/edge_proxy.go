// expect: healthy bench
// A proxy at the edge of a network: passes requests on over connections that are kept, and keeps what may be kept for a
// while, up to a bound.
package main

import (
	"container/list"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	most   = 300
	lasts  = 5 * time.Second
	visits = 250
)

type page struct {
	path  string
	body  []byte
	until time.Time
}

// cache holds the pages that were asked for last.
type cache struct {
	mu    sync.Mutex
	pages map[string]*list.Element
	order *list.List
}

func (c *cache) get(path string) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	found, ok := c.pages[path]
	if !ok || time.Now().After(found.Value.(*page).until) {
		return nil
	}
	c.order.MoveToFront(found)
	return found.Value.(*page).body
}

func (c *cache) put(path string, body []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	one := &page{path, body, time.Now().Add(lasts)}
	if found, ok := c.pages[path]; ok {
		found.Value = one
		c.order.MoveToFront(found)
		return
	}
	c.pages[path] = c.order.PushFront(one)
	if c.order.Len() > most {
		oldest := c.order.Back()
		delete(c.pages, oldest.Value.(*page).path)
		c.order.Remove(oldest)
	}
}

type proxy struct {
	behind string
	client *http.Client
	kept   cache
	passed int64
	known  int64
	failed int64
}

func (p *proxy) fetch(path string) ([]byte, error) {
	answer, err := p.client.Get(p.behind + path)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", path, answer.Status)
	}
	return body, err
}

func (p *proxy) ServeHTTP(response http.ResponseWriter, request *http.Request) {
	body := p.kept.get(request.URL.Path)
	if body != nil {
		atomic.AddInt64(&p.known, 1)
	} else {
		var err error
		if body, err = p.fetch(request.URL.Path); err != nil {
			atomic.AddInt64(&p.failed, 1)
			http.Error(response, "nobody answers", http.StatusBadGateway)
			return
		}
		atomic.AddInt64(&p.passed, 1)
		p.kept.put(request.URL.Path, body)
	}
	response.Header().Set("Content-Type", "application/json")
	response.Write(body)
}

func started(words ...string) string {
	python := os.Getenv("PYTHON")
	if python == "" {
		python = "python3"
	}
	command := exec.Command(python, words...)
	command.Stderr = os.Stderr
	said, err := command.Output()
	if err != nil {
		panic(err)
	}
	return strings.TrimSpace(string(said))
}

func main() {
	services := os.Getenv("SERVICES")
	log, err := os.Create("proxy.log")
	if err != nil {
		panic(err)
	}
	transport := &http.Transport{MaxIdleConnsPerHost: 32, IdleConnTimeout: time.Minute}
	p := &proxy{
		behind: "http://127.0.0.1:" + started(services, "http", "3"),
		client: &http.Client{Transport: transport, Timeout: 5 * time.Second},
		kept:   cache{pages: map[string]*list.Element{}, order: list.New()},
	}
	listening, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	_, port, _ := net.SplitHostPort(listening.Addr().String())
	var paths []string
	for i := 0; i < 900; i++ {
		paths = append(paths, fmt.Sprintf("/articles/%d", i*i%450))
	}
	clients := filepath.Join(filepath.Dir(services), "clients.py")
	started(clients, "http", port, strings.Join(paths, ","), fmt.Sprint(visits), "8")
	go http.Serve(listening, p)
	fmt.Println("ready", os.Getpid())
	began := time.Now()
	for range time.Tick(time.Second) {
		passed, known, failed := atomic.LoadInt64(&p.passed), atomic.LoadInt64(&p.known), atomic.LoadInt64(&p.failed)
		fmt.Fprintf(log, "%d %d passed on, %d known, %d failed\n", time.Since(began).Milliseconds(), passed, known, failed)
	}
}
