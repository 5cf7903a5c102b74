// Package heatplate relaxes the temperature field of a cooling plate.
package heatplate

import (
	"math"
	"sync"
)

type Plate struct {
	W, H int
	cur  []float64
	next []float64
}

func New(w, h int, ambient float64) *Plate {
	p := &Plate{W: w, H: h, cur: make([]float64, w*h), next: make([]float64, w*h)}
	for i := range p.cur {
		p.cur[i] = ambient
		p.next[i] = ambient
	}
	return p
}

func (p *Plate) Pin(x, y int, t float64) {
	p.cur[y*p.W+x] = t
	p.next[y*p.W+x] = t
}

func (p *Plate) rows(from, to int) (change float64) {
	for y := from; y < to; y++ {
		up, mid, down := p.cur[(y-1)*p.W:], p.cur[y*p.W:], p.cur[(y+1)*p.W:]
		out := p.next[y*p.W : (y+1)*p.W]
		for x := 1; x < p.W-1; x++ { // <- hot 12
			v := 0.25 * (up[x] + down[x] + mid[x-1] + mid[x+1]) // <- hot 53
			change = math.Max(change, math.Abs(v-mid[x]))       // <- hot 25
			out[x] = v
		}
	}
	return change
}

// Settle steps until no cell moves by more than eps, at most limit times.
func (p *Plate) Settle(workers int, eps float64, limit int) int {
	deltas := make([]float64, workers)
	for step := 1; step <= limit; step++ {
		var wg sync.WaitGroup
		for k := 0; k < workers; k++ {
			wg.Add(1)
			go func(k int) {
				defer wg.Done()
				from, to := 1+k*(p.H-2)/workers, 1+(k+1)*(p.H-2)/workers
				deltas[k] = p.rows(from, to)
			}(k)
		}
		wg.Wait()
		p.cur, p.next = p.next, p.cur
		worst := 0.0
		for _, d := range deltas {
			worst = math.Max(worst, d)
		}
		if worst < eps {
			return step
		}
	}
	return limit
}
