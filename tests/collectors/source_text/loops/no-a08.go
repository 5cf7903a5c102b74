package nbody

import "math"

type Body struct {
	Pos, Vel, Acc [3]float64
	Mass          float64
}

const G = 6.674e-11

func forces(bodies []Body) {
	for i := range bodies {
		bodies[i].Acc = [3]float64{}
	}
	for i := 0; i < len(bodies); i++ {
		for j := i + 1; j < len(bodies); j++ {
			a, b := &bodies[i], &bodies[j]
			var d [3]float64
			r2 := 1e-9
			for k := 0; k < 3; k++ {
				d[k] = b.Pos[k] - a.Pos[k]
				r2 += d[k] * d[k]
			}
			f := G / (r2 * math.Sqrt(r2)) // <- 0
			for k := 0; k < 3; k++ {
				a.Acc[k] += f * b.Mass * d[k]
				b.Acc[k] -= f * a.Mass * d[k]
			}
		}
	}
}

func Run(bodies []Body, steps int, dt float64) {
	for s := 0; s < steps; s++ {
		forces(bodies) // <- 1
		advance(bodies, dt)
	}
}
