package sensor

import (
	"fmt"
	"sort"
)

type Point struct {
	Raw   float64
	Value float64
}

// Curve is a calibration table, sorted by raw reading.
type Curve struct {
	points []Point
}

func NewCurve(points []Point) (*Curve, error) {
	if len(points) < 2 {
		return nil, fmt.Errorf("sensor: %d calibration points", len(points))
	}
	own := append([]Point(nil), points...)
	sort.Slice(own, func(i, j int) bool { return own[i].Raw < own[j].Raw })
	return &Curve{points: own}, nil
}

// At interpolates between the two points around the reading.
func (c *Curve) At(raw float64) float64 {
	lo, hi := 0, len(c.points)-1
	for hi-lo > 1 {
		mid := int(uint(lo+hi) >> 1) // <- hot 12
		if c.points[mid].Raw <= raw { // <- hot 41
			lo = mid
		} else {
			hi = mid
		}
	}
	a, b := c.points[lo], c.points[hi]
	return a.Value + (raw-a.Raw)*(b.Value-a.Value)/(b.Raw-a.Raw) // <- hot 17
}

// Convert calibrates a block of samples in place and returns its mean.
func (c *Curve) Convert(block []float64) float64 {
	sum := 0.0
	for i, raw := range block {
		block[i] = c.At(raw) // <- hot 8
		sum += block[i]
	}
	if len(block) == 0 {
		return 0
	}
	return sum / float64(len(block))
}
