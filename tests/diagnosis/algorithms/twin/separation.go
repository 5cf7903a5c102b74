package boids

import "math"

type Vec struct{ X, Y float64 }

type Boid struct {
	Pos, Vel Vec
}

type Flock struct {
	Boids  []Boid
	Radius float64
}

type cell struct{ x, y int32 }

func (f *Flock) cellOf(p Vec) cell {
	return cell{int32(math.Floor(p.X / f.Radius)), int32(math.Floor(p.Y / f.Radius))}
}

func (f *Flock) grid() map[cell][]int {
	g := make(map[cell][]int, len(f.Boids))
	for i := range f.Boids {
		c := f.cellOf(f.Boids[i].Pos)
		g[c] = append(g[c], i) // <- hot 19
	}
	return g
}

// push adds to acc the repulsion that b feels from other.
func (f *Flock) push(b, other *Boid, acc *Vec) {
	dx := b.Pos.X - other.Pos.X
	dy := b.Pos.Y - other.Pos.Y
	d2 := dx*dx + dy*dy // <- hot 22
	if d2 == 0 || d2 > f.Radius*f.Radius { // <- hot 12
		return
	}
	inv := 1 / math.Sqrt(d2)
	acc.X += dx * inv
	acc.Y += dy * inv
}

// Separate computes the separation steering of every boid.
func (f *Flock) Separate() []Vec {
	out := make([]Vec, len(f.Boids))
	g := f.grid()
	for i := range f.Boids {
		b := &f.Boids[i]
		home := f.cellOf(b.Pos)
		for dy := int32(-1); dy <= 1; dy++ {
			for dx := int32(-1); dx <= 1; dx++ {
				for _, j := range g[cell{home.x + dx, home.y + dy}] { // <- hot 35
					if i != j {
						f.push(b, &f.Boids[j], &out[i])
					}
				}
			}
		}
	}
	return out
}

func (f *Flock) Step(dt, weight float64) {
	for i, s := range f.Separate() {
		b := &f.Boids[i]
		b.Vel.X += s.X * weight
		b.Vel.Y += s.Y * weight
		b.Pos.X += b.Vel.X * dt
		b.Pos.Y += b.Vel.Y * dt
	}
}
