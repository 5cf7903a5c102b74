package signal

import (
	"math"
	"sort"
)

type Sample struct {
	Time  float64
	Value float64
}

type Spike struct {
	Time  float64
	Ratio float64
}

func replace(window []float64, out, in float64) {
	i := sort.SearchFloat64s(window, out) // <- hot 30
	copy(window[i:], window[i+1:])
	n := len(window) - 1
	j := sort.SearchFloat64s(window[:n], in) // <- hot 28
	copy(window[j+1:], window[j:n])          // <- hot 18
	window[j] = in
}

func column(samples []Sample) []float64 {
	vals := make([]float64, len(samples))
	for i, s := range samples {
		vals[i] = s.Value
	}
	return vals
}

// Spikes reports samples that stand out of the median of the width samples before them.
func Spikes(samples []Sample, width int, limit float64) []Spike {
	var out []Spike
	vals := column(samples)
	if len(vals) <= width {
		return nil
	}
	window := append([]float64(nil), vals[:width]...)
	sort.Float64s(window)
	for i := width; i < len(vals); i++ {
		if i > width {
			replace(window, vals[i-width-1], vals[i-1])
		}
		m := window[width/2]
		r := math.Abs(vals[i]-m) / math.Max(math.Abs(m), 1e-9)
		if r > limit {
			out = append(out, Spike{samples[i].Time, r})
		}
	}
	return out
}
