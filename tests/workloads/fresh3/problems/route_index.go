// expect: pattern=gc-pressure bench
// Keeps the stops and lines of a country in memory, and finds ways from one stop to another while delays come in. It
// was told to stay small.
// Measured: 1,880 ways a second with 38 % of all time in collections, 13,100 in the twin, which also uses its maps again.
package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"time"
)

const (
	stops = 60000
	limit = 40 << 20
)

// edge is a ride from one stop to the next.
type edge struct {
	to      *stop
	line    *string
	minutes int
	delay   int
}

type stop struct {
	number int
	name   *string
	edges  []*edge
	seen   int
	depth  int
}

type network struct {
	stops []*stop
	round int
}

func build() *network {
	n := &network{}
	lines := make([]*string, 400)
	for i := range lines {
		name := fmt.Sprintf("line %d", i)
		lines[i] = &name
	}
	for i := 0; i < stops; i++ {
		name := fmt.Sprintf("stop %d in district %d", i, i%61)
		n.stops = append(n.stops, &stop{number: i, name: &name})
	}
	for i, from := range n.stops {
		for _, step := range []int{1, 7, stops - 3, i*7919%stops | 1, i*31%997 + 2, stops - 40} {
			to := n.stops[(i+step)%stops]
			from.edges = append(from.edges, &edge{to, lines[(i+step)%len(lines)], 2 + step%9, 0})
		}
	}
	return n
}

// delayed puts a new ride in the place of one that is late.
func (n *network) delayed(message int) {
	from := n.stops[message*7919%stops]
	at := message % len(from.edges)
	old := from.edges[at]
	from.edges[at] = &edge{old.to, old.line, old.minutes, message % 12} // <- cost
}

// way is a way with few changes, if there is one of at most eight rides.
func (n *network) way(from, to *stop) []*edge {
	n.round++
	came := map[*stop]*edge{}   // <- cost
	before := map[*edge]*stop{} // <- cost
	line := []*stop{from}       // <- cost
	from.seen, from.depth = n.round, 0
	for len(line) > 0 && len(came) < 700 {
		here := line[0]
		line = line[1:]
		if here == to {
			break
		}
		for _, ride := range here.edges {
			if ride.to.seen != n.round && here.depth < 8 {
				ride.to.seen, ride.to.depth = n.round, here.depth+1
				came[ride.to] = ride         // <- cost
				before[ride] = here          // <- cost
				line = append(line, ride.to) // <- cost
			}
		}
	}
	var rides []*edge
	for ride := came[to]; ride != nil; ride = came[before[ride]] {
		rides = append(rides, ride)
	}
	return rides
}

func main() {
	log, err := os.Create("routes.log")
	if err != nil {
		panic(err)
	}
	debug.SetMemoryLimit(limit) // <- cost
	n := build()
	fmt.Println("ready", os.Getpid())
	began, told := time.Now(), time.Now()
	found, rides := 0, 0
	for asked := 1; ; asked++ {
		n.delayed(asked)
		from := n.stops[asked*104729%stops]
		to := from.edges[asked%6].to.edges[asked%5].to.edges[asked%4].to
		if way := n.way(from, to); len(way) > 0 { // <- cost
			found++
			rides += len(way)
		}
		if asked%50 == 0 && time.Since(told) > time.Second {
			told = time.Now()
			var memory runtime.MemStats
			runtime.ReadMemStats(&memory)
			fmt.Fprintf(log, "%d %d ways asked, %d found, %d rides, %d MB, %d collections, %.0f %% of the time\n",
				time.Since(began).Milliseconds(), asked, found, rides, memory.HeapAlloc>>20, memory.NumGC, 100*memory.GCCPUFraction)
		}
	}
}
