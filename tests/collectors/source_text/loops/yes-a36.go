package metrics

import "slices"

type Series struct {
	Label string
	Sum   float64
	N     int
}

type Point struct {
	Label string
	Value float64
}

func Aggregate(points []Point) []Series {
	var series []Series
	for _, p := range points { // <- outer
		i := slices.IndexFunc(series, func(s Series) bool {
			return s.Label == p.Label // <- 0
		})
		if i < 0 {
			series = append(series, Series{Label: p.Label})
			i = len(series) - 1
		}
		series[i].Sum += p.Value
		series[i].N++
	}
	return series
}
