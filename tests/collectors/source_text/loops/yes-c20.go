package series

type Point struct {
	T float64
	V float64
}

type Curve struct {
	pts []Point
}

func (c *Curve) At(t float64) float64 {
	i := 0
	for i < len(c.pts)-1 && c.pts[i+1].T < t { // <- 0
		i++
	}
	if i == len(c.pts)-1 {
		return c.pts[i].V
	}
	a, b := c.pts[i], c.pts[i+1]
	return a.V + (b.V-a.V)*(t-a.T)/(b.T-a.T)
}

func Resample(c *Curve, step float64) []Point {
	if len(c.pts) == 0 {
		return nil
	}
	var out []Point
	last := c.pts[len(c.pts)-1].T
	for t := c.pts[0].T; t <= last; t += step { // <- outer
		out = append(out, Point{t, c.At(t)}) // <- 1
	}
	return out
}
