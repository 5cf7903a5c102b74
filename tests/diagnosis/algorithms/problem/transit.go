package transit

import (
	"math"
)

type Leg struct {
	To      int
	Minutes float64
}

type Network struct {
	Legs [][]Leg
}

// closest picks the open stop with the least travel time.
func closest(open map[int]bool, dist []float64) int {
	best, found := math.Inf(1), -1
	for stop := range open { // <- cost hot 71
		if dist[stop] < best { // <- cost hot 20
			best, found = dist[stop], stop
		}
	}
	return found
}

// Reach returns the travel time from start to every stop of the network.
func (n *Network) Reach(start int) []float64 {
	dist := make([]float64, len(n.Legs))
	open := make(map[int]bool, len(n.Legs))
	for i := range dist {
		dist[i] = math.Inf(1)
		open[i] = true
	}
	dist[start] = 0
	for len(open) > 0 {
		stop := closest(open, dist)
		if stop < 0 {
			break
		}
		delete(open, stop)
		for _, leg := range n.Legs[stop] {
			if t := dist[stop] + leg.Minutes; t < dist[leg.To] {
				dist[leg.To] = t
			}
		}
	}
	return dist
}

// Isochrone counts the stops within the given time.
func (n *Network) Isochrone(start int, minutes float64) int {
	count := 0
	for _, d := range n.Reach(start) {
		if d <= minutes {
			count++
		}
	}
	return count
}
