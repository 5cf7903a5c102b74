// expect: pattern=serial-requests bench
// Federation gateway of the minaret loudspeaker network: one page with the newest values of all exporters of a site, which
// a monitoring system and the screens in the control room ask for a few times a second.
//
// Measured: 182 ms for a page, repaired 18 ms (both 0.02 cores).
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	exporterMillis = "14"
	asksPerSecond  = "6"
)

type Sample struct {
	Path  string  `json:"path"`
	Name  string  `json:"name"`
	Price float64 `json:"price"`
	Stock float64 `json:"stock"`
}

type Target struct {
	Instance string
	URL      string
}

type Result struct {
	target Target
	sample Sample
	err    error
}

type Gateway struct {
	client *http.Client
	sites  map[string][]Target
	served atomic.Int64

	mu      sync.Mutex
	seconds float64
}

func newGateway(ports []string) *Gateway {
	transport := &http.Transport{
		DialContext:         (&net.Dialer{Timeout: time.Second}).DialContext,
		MaxIdleConnsPerHost: 64,
		IdleConnTimeout:     time.Minute,
	}
	sites := map[string][]Target{}
	for _, site := range []string{"north", "harbour"} {
		for n := 0; n < 12; n++ {
			instance := fmt.Sprintf("%s-horn-%02d", site, n)
			url := fmt.Sprintf("http://127.0.0.1:%s/%s/metrics", ports[n%len(ports)], instance)
			sites[site] = append(sites[site], Target{instance, url})
		}
	}
	return &Gateway{client: &http.Client{Transport: transport, Timeout: 2 * time.Second}, sites: sites}
}

func (g *Gateway) scrape(ctx context.Context, target Target) (Sample, error) {
	var sample Sample
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target.URL, nil)
	if err != nil {
		return sample, err
	}
	response, err := g.client.Do(request) // <- cost
	if err != nil {
		return sample, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return sample, err
	}
	if response.StatusCode != http.StatusOK {
		return sample, fmt.Errorf("%s: %s", target.Instance, response.Status)
	}
	return sample, json.Unmarshal(body, &sample)
}

func (g *Gateway) collect(ctx context.Context, targets []Target) []Result {
	results := make([]Result, len(targets))
	for i, target := range targets { // <- cost
		sample, err := g.scrape(ctx, target) // <- cost
		results[i] = Result{target, sample, err}
	}
	return results
}

func page(site string, results []Result) string {
	sort.Slice(results, func(i, j int) bool { return results[i].target.Instance < results[j].target.Instance })
	var text strings.Builder
	for _, result := range results {
		up := 1
		if result.err != nil {
			up = 0
		}
		fmt.Fprintf(&text, "up{site=%q,instance=%q} %d\n", site, result.target.Instance, up)
		if up == 1 {
			fmt.Fprintf(&text, "horn_level{instance=%q} %g\n", result.target.Instance, result.sample.Price)
			fmt.Fprintf(&text, "horn_faults{instance=%q} %g\n", result.target.Instance, result.sample.Stock)
		}
	}
	return text.String()
}

func (g *Gateway) federate(w http.ResponseWriter, r *http.Request) {
	site := strings.TrimPrefix(r.URL.Path, "/federate/")
	targets, known := g.sites[site]
	if !known {
		http.NotFound(w, r)
		return
	}
	begun := time.Now()
	results := g.collect(r.Context(), targets) // <- cost
	w.Header().Set("Content-Type", "text/plain; version=0.0.4")
	io.WriteString(w, page(site, results))
	g.served.Add(1)
	g.mu.Lock()
	g.seconds += time.Since(begun).Seconds()
	g.mu.Unlock()
}

func (g *Gateway) mean() time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	served := g.served.Load()
	if served == 0 {
		return 0
	}
	return time.Duration(g.seconds / float64(served) * float64(time.Second))
}

func startExporters() string {
	command := exec.Command(os.Getenv("PYTHON"), os.Getenv("SERVICES"), "http", exporterMillis)
	out, err := command.StdoutPipe()
	if err != nil {
		log.Fatal(err)
	}
	if err := command.Start(); err != nil {
		log.Fatal(err)
	}
	port, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		log.Fatal(err)
	}
	command.Wait()
	return strings.TrimSpace(port)
}

func startScreens(port int) {
	clients := filepath.Join(filepath.Dir(os.Getenv("SERVICES")), "clients.py")
	paths := "/federate/north,/federate/harbour"
	command := exec.Command(os.Getenv("PYTHON"), clients, "http", fmt.Sprint(port), paths, asksPerSecond, "6")
	if err := command.Run(); err != nil {
		log.Fatal(err)
	}
}

func main() {
	gateway := newGateway([]string{startExporters(), startExporters(), startExporters()})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/federate/", gateway.federate)
	go func() { log.Fatal(http.Serve(listener, mux)) }()
	startScreens(listener.Addr().(*net.TCPAddr).Port)
	for gateway.served.Load() < 4 {
		time.Sleep(50 * time.Millisecond)
	}
	fmt.Printf("ready %d\n", os.Getpid())
	for range time.Tick(5 * time.Second) {
		state := fmt.Sprintf("%d pages, %v each\n", gateway.served.Load(), gateway.mean())
		if err := os.WriteFile("gateway.state", []byte(state), 0o644); err != nil {
			log.Print(err)
		}
	}
}
