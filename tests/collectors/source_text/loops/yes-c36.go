package match

import "math"

type Pt struct{ X, Y float64 }
type Segment struct {
	A, B Pt
	Road int
}

var network []Segment

func dist(p Pt, s *Segment) float64 {
	dx, dy := s.B.X-s.A.X, s.B.Y-s.A.Y
	t := ((p.X-s.A.X)*dx + (p.Y-s.A.Y)*dy) / (dx*dx + dy*dy) // <- 0
	t = math.Max(0, math.Min(1, t))
	return math.Hypot(p.X-s.A.X-t*dx, p.Y-s.A.Y-t*dy)
}

func snap(p Pt) (road int) {
	best := math.Inf(1)
	for i := range network {
		if d := dist(p, &network[i]); d < best { // <- 1
			best, road = d, network[i].Road
		}
	}
	return
}

func Roads(track []Pt) []int {
	ids := make([]int, len(track))
	for i, p := range track { // <- outer
		ids[i] = snap(p) // <- 2
	}
	return ids
}
