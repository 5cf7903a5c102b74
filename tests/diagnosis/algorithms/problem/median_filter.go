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

func median(values []float64) float64 {
	tmp := make([]float64, len(values))
	copy(tmp, values)
	sort.Float64s(tmp) // <- cost hot 87
	return tmp[len(tmp)/2]
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
	for i := width; i < len(vals); i++ {
		m := median(vals[i-width : i]) // <- cost
		r := math.Abs(vals[i]-m) / math.Max(math.Abs(m), 1e-9)
		if r > limit {
			out = append(out, Spike{samples[i].Time, r})
		}
	}
	return out
}
