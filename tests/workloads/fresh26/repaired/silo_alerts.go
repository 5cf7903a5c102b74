// expect: healthy bench

// Alert router for the controllers of a company with some hundred grain silos.
//
// Controllers send alerts (temperature, dust, level, conveyor). The router finds the teams to be told by a tree of routes
// with matchers on the labels, groups the alerts, and writes the notifications of each group once a second. Here the
// alerts come at 1500 a second, as when a site comes back after a power cut.
//
// Measured: CPU 0.20 to 0.26 cores at 1500 alerts a second, twin 0.01 to 0.02.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math/rand"
	"os"
	"regexp"
	"sort"
	"strconv"
	"sync"
	"time"
)

type Labels map[string]string

type Alert struct {
	Labels Labels
	At     time.Time
	Value  float64
}

type Matcher struct {
	Label   string `json:"label"`
	Pattern string `json:"pattern"`
	re      *regexp.Regexp
}

type Route struct {
	Team     string    `json:"team"`
	Matchers []Matcher `json:"matchers"`
	Continue bool      `json:"continue"`
	GroupBy  []string  `json:"group_by"`
}

type Group struct {
	Team   string
	First  time.Time
	Count  int
	Worst  float64
	Sample Labels
}

func (m *Matcher) Matches(labels Labels) bool {
	return m.re.MatchString(labels[m.Label])
}

func (r *Route) Matches(labels Labels) bool {
	for i := range r.Matchers {
		if !r.Matchers[i].Matches(labels) {
			return false
		}
	}
	return true
}

func (r *Route) key(labels Labels) uint64 {
	h := fnv.New64a()
	h.Write([]byte(r.Team))
	for _, name := range r.GroupBy {
		h.Write([]byte{0})
		h.Write([]byte(labels[name]))
	}
	return h.Sum64()
}

type Router struct {
	routes []Route
	mu     sync.Mutex
	groups map[uint64]*Group
	total  int
	lost   int
}

func loadRouter(path string) (*Router, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	router := &Router{groups: map[uint64]*Group{}}
	if err := json.NewDecoder(bufio.NewReader(file)).Decode(&router.routes); err != nil {
		return nil, err
	}
	for _, route := range router.routes {
		for i := range route.Matchers {
			m := &route.Matchers[i]
			if m.re, err = regexp.Compile("^(?:" + m.Pattern + ")$"); err != nil {
				return nil, fmt.Errorf("route of %s: %w", route.Team, err)
			}
		}
	}
	return router, nil
}

func (r *Router) Dispatch(alert Alert) {
	told := false
	for i := range r.routes {
		route := &r.routes[i]
		if !route.Matches(alert.Labels) {
			continue
		}
		told = true
		r.add(route, alert)
		if !route.Continue {
			break
		}
	}
	r.mu.Lock()
	r.total++
	if !told {
		r.lost++
	}
	r.mu.Unlock()
}

func (r *Router) add(route *Route, alert Alert) {
	key := route.key(alert.Labels)
	r.mu.Lock()
	defer r.mu.Unlock()
	group := r.groups[key]
	if group == nil {
		group = &Group{Team: route.Team, First: alert.At, Sample: alert.Labels}
		r.groups[key] = group
	}
	group.Count++
	if alert.Value > group.Worst {
		group.Worst = alert.Value
	}
}

func (r *Router) Flush(path string) error {
	r.mu.Lock()
	groups := r.groups
	r.groups = make(map[uint64]*Group, len(groups))
	r.mu.Unlock()
	ordered := make([]*Group, 0, len(groups))
	for _, group := range groups {
		ordered = append(ordered, group)
	}
	sort.Slice(ordered, func(i, j int) bool { return ordered[i].Count > ordered[j].Count })
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close()
	out := bufio.NewWriter(file)
	for _, g := range ordered {
		fmt.Fprintf(out, "%s\t%d\t%.1f\t%s/%s\n", g.Team, g.Count, g.Worst, g.Sample["site"], g.Sample["alert"])
	}
	return out.Flush()
}

var (
	sites  = []string{"north-elevator", "river-terminal", "mill-yard", "old-port", "junction-east", "prairie-2"}
	kinds  = []string{"TempHigh", "TempRising", "DustLevel", "ConveyorSlip", "LevelLow", "SensorLost", "GateStuck", "MotorHot"}
	levels = []string{"info", "warning", "critical"}
)

func writeRoutes(path string) error {
	var routes []Route
	for _, site := range sites {
		for _, kind := range []string{"Temp.*", "(Conveyor|Gate|Motor).*", "Dust.*|Sensor.*"} {
			routes = append(routes, Route{
				Team:     "ops-" + site + "-" + strconv.Itoa(len(routes)%3),
				Matchers: []Matcher{{Label: "site", Pattern: site}, {Label: "alert", Pattern: kind}, {Label: "severity", Pattern: "warning|critical"}},
				GroupBy:  []string{"site", "alert"},
			})
		}
	}
	routes = append(routes, Route{Team: "archive", Matchers: []Matcher{{Label: "silo", Pattern: `s-\d+`}}, GroupBy: []string{"site"}})
	body, err := json.Marshal(routes)
	if err != nil {
		return err
	}
	return os.WriteFile(path, body, 0o644)
}

func controllers(out chan<- Alert, perSecond int) {
	random := rand.New(rand.NewSource(7))
	tick := time.NewTicker(20 * time.Millisecond)
	for now := range tick.C {
		for i := 0; i < perSecond/50; i++ {
			out <- Alert{
				Labels: Labels{
					"site":     sites[random.Intn(len(sites))],
					"alert":    kinds[random.Intn(len(kinds))],
					"severity": levels[random.Intn(len(levels))],
					"silo":     "s-" + strconv.Itoa(random.Intn(300)),
				},
				At:    now,
				Value: random.Float64() * 100,
			}
		}
	}
}

func main() {
	if err := writeRoutes("routes.json"); err != nil {
		panic(err)
	}
	router, err := loadRouter("routes.json")
	if err != nil {
		panic(err)
	}
	alerts := make(chan Alert, 4096)
	go controllers(alerts, 1500)
	go func() {
		for range time.Tick(time.Second) {
			if err := router.Flush("notifications.tsv"); err != nil {
				fmt.Fprintln(os.Stderr, err)
			}
		}
	}()
	fmt.Println("ready", os.Getpid())
	for alert := range alerts {
		router.Dispatch(alert)
	}
}
