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

// push adds to acc the repulsion that b feels from other.
func (f *Flock) push(b, other *Boid, acc *Vec) {
	dx := b.Pos.X - other.Pos.X
	dy := b.Pos.Y - other.Pos.Y
	d2 := dx*dx + dy*dy // <- hot 38
	if d2 == 0 || d2 > f.Radius*f.Radius { // <- hot 29
		return
	}
	inv := 1 / math.Sqrt(d2)
	acc.X += dx * inv
	acc.Y += dy * inv
}

// Separate computes the separation steering of every boid.
func (f *Flock) Separate() []Vec {
	out := make([]Vec, len(f.Boids))
	for i := range f.Boids {
		b := &f.Boids[i]
		for j := range f.Boids { // <- cost hot 25
			if i != j {
				f.push(b, &f.Boids[j], &out[i]) // <- cost
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
