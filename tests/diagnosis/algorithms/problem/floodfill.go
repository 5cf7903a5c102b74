package paint

import "image/color"

type pixel struct{ x, y int }

// Canvas is a small RGBA raster with row-major storage.
type Canvas struct {
	W, H int
	Pix  []color.RGBA
}

func (c *Canvas) at(p pixel) color.RGBA { return c.Pix[p.y*c.W+p.x] }

func (c *Canvas) inside(p pixel) bool {
	return p.x >= 0 && p.y >= 0 && p.x < c.W && p.y < c.H
}

func holds(list []pixel, p pixel) bool {
	for _, q := range list { // <- cost hot 34
		if q == p { // <- cost hot 60
			return true
		}
	}
	return false
}

// Select returns the connected region of similar colour around the seed (the magic wand).
func (c *Canvas) Select(sx, sy int, tolerance int) []pixel {
	seed := pixel{sx, sy}
	want := c.at(seed)
	region := []pixel{seed}
	for next := 0; next < len(region); next++ {
		p := region[next]
		around := [4]pixel{{p.x + 1, p.y}, {p.x - 1, p.y}, {p.x, p.y + 1}, {p.x, p.y - 1}}
		for _, q := range around {
			if !c.inside(q) || !similar(c.at(q), want, tolerance) {
				continue
			}
			if !holds(region, q) {
				region = append(region, q)
			}
		}
	}
	return region
}

func similar(a, b color.RGBA, tolerance int) bool {
	d := abs(int(a.R)-int(b.R)) + abs(int(a.G)-int(b.G)) + abs(int(a.B)-int(b.B))
	return d <= tolerance
}

func abs(v int) int {
	if v < 0 {
		return -v
	}
	return v
}
