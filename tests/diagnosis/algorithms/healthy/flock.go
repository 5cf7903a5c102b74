package birds

import "math"

type Bird struct{ X, Y, VX, VY float64 }

type cell struct{ x, y int }

type Flock struct {
	Birds  []Bird
	Radius float64
	grid   map[cell][]int32
}

func (f *Flock) at(b *Bird) cell {
	return cell{int(math.Floor(b.X / f.Radius)), int(math.Floor(b.Y / f.Radius))}
}

func (f *Flock) rebuild() {
	for k := range f.grid {
		f.grid[k] = f.grid[k][:0]
	}
	for i := range f.Birds {
		c := f.at(&f.Birds[i])
		f.grid[c] = append(f.grid[c], int32(i)) // <- hot 14
	}
}

func (f *Flock) pull(i int) (vx, vy float64) {
	b := &f.Birds[i]
	c, n := f.at(b), 0.0
	for dx := -1; dx <= 1; dx++ {
		for dy := -1; dy <= 1; dy++ {
			for _, j := range f.grid[cell{c.x + dx, c.y + dy}] { // <- hot 29
				o := &f.Birds[j]
				if math.Hypot(o.X-b.X, o.Y-b.Y) < f.Radius { // <- hot 36
					vx, vy, n = vx+o.VX, vy+o.VY, n+1 // <- hot 11
				}
			}
		}
	}
	return vx / n, vy / n
}

func (f *Flock) Step(dt float64) {
	if f.grid == nil {
		f.grid = make(map[cell][]int32)
	}
	f.rebuild()
	for i := range f.Birds {
		vx, vy := f.pull(i)
		b := &f.Birds[i]
		b.VX += (vx - b.VX) * 0.1
		b.VY += (vy - b.VY) * 0.1
	}
	for i := range f.Birds {
		f.Birds[i].X += f.Birds[i].VX * dt
		f.Birds[i].Y += f.Birds[i].VY * dt
	}
}
