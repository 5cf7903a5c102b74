package route

import "math"

type Edge struct {
	To   int
	Cost float64
}

func Shortest(adj [][]Edge, src int) []float64 {
	n := len(adj)
	dist := make([]float64, n)
	done := make([]bool, n)
	for i := range dist {
		dist[i] = math.Inf(1)
	}
	dist[src] = 0
	for round := 0; round < n; round++ { // <- outer
		u := -1
		for v := 0; v < n; v++ {
			if !done[v] && (u < 0 || dist[v] < dist[u]) { // <- 0
				u = v
			}
		}
		if math.IsInf(dist[u], 1) {
			break
		}
		done[u] = true
		for _, e := range adj[u] {
			if d := dist[u] + e.Cost; d < dist[e.To] {
				dist[e.To] = d
			}
		}
	}
	return dist
}
