// expect: healthy bench
// Fishing control: positions of trawlers come in from their transponders, are smoothed into tracks, and are held against
// the gazette of closed zones (a file that the ministry replaces now and then). Who fishes in one is noted for inspection.
// Measured: 500 positions a second take 0.15 to 0.27 s of CPU time a second, of the twin, which keeps the zones until the
// file has changed, 0.01 s.
package main

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"math"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

type position struct {
	vessel   int
	lat, lon float64
	speed    float64
}

type zone struct {
	code       string
	lat, lon   float64
	radius     float64
	from, till int
}

func (z zone) holds(lat, lon float64) bool {
	north := (lat - z.lat) * 60
	east := (lon - z.lon) * 60 * math.Cos(z.lat*math.Pi/180)
	return north*north+east*east < z.radius*z.radius
}

// gazette is the ministry's list of closed zones, as of the file's last change.
type gazette struct {
	path    string
	current atomic.Pointer[[]zone]
	changed time.Time
}

func (g *gazette) refresh() {
	for range time.Tick(3 * time.Second) {
		if err := g.load(); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
}

func (g *gazette) load() error {
	info, err := os.Stat(g.path)
	if err != nil || info.ModTime().Equal(g.changed) {
		return err
	}
	zones, err := g.read()
	if err != nil {
		return err
	}
	g.current.Store(&zones)
	g.changed = info.ModTime()
	return nil
}

func (g *gazette) zones() []zone {
	return *g.current.Load()
}

func (g *gazette) read() ([]zone, error) {
	text, err := os.ReadFile(g.path)
	if err != nil {
		return nil, err
	}
	rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("gazette: %w", err)
	}
	zones := make([]zone, 0, len(rows))
	for _, row := range rows {
		z := zone{code: row[0]}
		for at, to := range []*float64{&z.lat, &z.lon, &z.radius} {
			if *to, err = strconv.ParseFloat(row[at+1], 64); err != nil {
				return nil, fmt.Errorf("gazette, zone %s: %w", z.code, err)
			}
		}
		z.from, _ = strconv.Atoi(row[4])
		z.till, _ = strconv.Atoi(row[5])
		zones = append(zones, z)
	}
	return zones, nil
}

func (g *gazette) closedAt(lat, lon float64, day int) []string {
	var codes []string
	for _, z := range g.zones() {
		if day >= z.from && day <= z.till && z.holds(lat, lon) {
			codes = append(codes, z.code)
		}
	}
	return codes
}

type track struct {
	lat, lon, speed float64
}

func (t *track) add(p position) {
	t.lat += 0.4 * (p.lat - t.lat)
	t.lon += 0.4 * (p.lon - t.lon)
	t.speed += 0.3 * (p.speed - t.speed)
}

func (t *track) fishing() bool { return t.speed < 5.5 }

type control struct {
	law    *gazette
	mu     sync.Mutex
	tracks map[int]*track
	noted  map[string]int
}

func (c *control) judge(p position) {
	c.mu.Lock()
	t := c.tracks[p.vessel]
	if t == nil {
		t = &track{lat: p.lat, lon: p.lon, speed: p.speed}
		c.tracks[p.vessel] = t
	}
	t.add(p)
	lat, lon, fishing := t.lat, t.lon, t.fishing()
	c.mu.Unlock()
	if !fishing {
		return
	}
	codes := c.law.closedAt(lat, lon, time.Now().YearDay())
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, code := range codes {
		c.noted[code]++
	}
}

// transponders sends the fleet's positions as they come over the satellite: in small bursts.
func transponders(out chan<- position) {
	pace := time.NewTicker(20 * time.Millisecond)
	for step := 0; ; step++ {
		<-pace.C
		for at := 0; at < 10; at++ {
			vessel := (step*10 + at) % 240
			angle := float64(step)/400 + float64(vessel)
			out <- position{vessel, 56 + 3*math.Sin(angle), 3 + 4*math.Cos(angle), 4 + 3*math.Sin(float64(vessel))}
		}
	}
}

func publish(path string) error {
	var text bytes.Buffer
	for at := 0; at < 1100; at++ {
		fmt.Fprintf(&text, "Z%04d,%.4f,%.4f,%.2f,%d,%d,\"Order %d of the ministry\"\n", at,
			53+float64(at*37%600)/100, -1+float64(at*53%800)/100, 2+float64(at%9), at%60, 200+at%160, at*7)
	}
	return os.WriteFile(path, text.Bytes(), 0o644)
}

func main() {
	folder, err := os.MkdirTemp("", "zones")
	if err != nil {
		panic(err)
	}
	path := filepath.Join(folder, "gazette.csv")
	if err := publish(path); err != nil {
		panic(err)
	}
	desk := &control{law: &gazette{path: path}, tracks: map[int]*track{}, noted: map[string]int{}}
	if err := desk.law.load(); err != nil {
		panic(err)
	}
	go desk.law.refresh()
	incoming := make(chan position, 64)
	go transponders(incoming)
	for at := 0; at < 2; at++ {
		go func() {
			for p := range incoming {
				desk.judge(p)
			}
		}()
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	fmt.Println("ready", os.Getpid())
	<-stop
	os.RemoveAll(folder)
}
