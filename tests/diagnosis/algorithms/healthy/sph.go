package fluid

import "math"

type Particle struct {
	X, Y, Z    float64
	Density    float64
	FX, FY, FZ float64
}

// Grid buckets particles by cell with a counting sort, rebuilt each step.
type Grid struct {
	h          float64
	nx, ny, nz int
	start      []int
	items      []int
}

func (g *Grid) cell(p *Particle) (int, int, int) {
	return int(p.X / g.h), int(p.Y / g.h), int(p.Z / g.h)
}

func (g *Grid) slot(x, y, z int) int { return (z*g.ny+y)*g.nx + x }

func (g *Grid) Build(ps []Particle) {
	g.start = make([]int, g.nx*g.ny*g.nz+1)
	for i := range ps {
		g.start[g.slot(g.cell(&ps[i]))+1]++
	}
	for c := 1; c < len(g.start); c++ {
		g.start[c] += g.start[c-1]
	}
	fill := append([]int(nil), g.start...)
	g.items = make([]int, len(ps))
	for i := range ps {
		c := g.slot(g.cell(&ps[i]))
		g.items[fill[c]] = i
		fill[c]++
	}
}

// Densities sums the poly6 kernel over all neighbours within h.
func (g *Grid) Densities(ps []Particle, mass float64) {
	h2 := g.h * g.h
	norm := 315 / (64 * math.Pi * math.Pow(g.h, 9))
	for i := range ps {
		p := &ps[i]
		cx, cy, cz := g.cell(p)
		sum := 0.0
		for z := max(cz-1, 0); z <= min(cz+1, g.nz-1); z++ {
			for y := max(cy-1, 0); y <= min(cy+1, g.ny-1); y++ {
				for x := max(cx-1, 0); x <= min(cx+1, g.nx-1); x++ {
					c := g.slot(x, y, z)
					for _, j := range g.items[g.start[c]:g.start[c+1]] { // <- hot 14
						q := &ps[j]
						dx, dy, dz := p.X-q.X, p.Y-q.Y, p.Z-q.Z // <- hot 32
						if d2 := dx*dx + dy*dy + dz*dz; d2 < h2 { // <- hot 27
							d := h2 - d2
							sum += d * d * d // <- hot 11
						}
					}
				}
			}
		}
		p.Density = sum * mass * norm
	}
}
