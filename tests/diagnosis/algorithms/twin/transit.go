package transit

import (
	"container/heap"
	"math"
)

type Leg struct {
	To      int
	Minutes float64
}

type Network struct {
	Legs [][]Leg
}

type visit struct {
	stop int
	at   float64
}

type agenda []visit

func (a agenda) Len() int           { return len(a) }
func (a agenda) Less(i, j int) bool { return a[i].at < a[j].at } // <- hot 14
func (a agenda) Swap(i, j int)      { a[i], a[j] = a[j], a[i] } // <- hot 15
func (a *agenda) Push(x any)        { *a = append(*a, x.(visit)) }
func (a *agenda) Pop() any {
	old := *a
	v := old[len(old)-1]
	*a = old[:len(old)-1]
	return v
}

// Reach returns the travel time from start to every stop of the network.
func (n *Network) Reach(start int) []float64 {
	dist := make([]float64, len(n.Legs))
	for i := range dist {
		dist[i] = math.Inf(1)
	}
	dist[start] = 0
	open := &agenda{{start, 0}}
	for open.Len() > 0 {
		v := heap.Pop(open).(visit) // <- hot 36
		if v.at > dist[v.stop] {
			continue
		}
		for _, leg := range n.Legs[v.stop] {
			if t := v.at + leg.Minutes; t < dist[leg.To] {
				dist[leg.To] = t
				heap.Push(open, visit{leg.To, t}) // <- hot 22
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
