package metrics

import (
	"math/bits"
	"sort"
)

const sub = 16

type Hist struct {
	counts [64 * sub]uint64
	total  uint64
}

func bucket(v uint64) int {
	if v < sub {
		return int(v)
	}
	e := bits.Len64(v) - 5
	return (e+1)*sub + int(v>>uint(e)) - sub // <- hot 21
}

func (h *Hist) Add(v uint64) {
	h.counts[bucket(v)]++ // <- hot 26
	h.total++
}

func (h *Hist) Quantile(q float64) int {
	want := uint64(q * float64(h.total))
	var sum uint64
	for i, c := range h.counts {
		sum += c
		if sum > want {
			return i
		}
	}
	return len(h.counts) - 1
}

type Span struct {
	Route string
	Nanos uint64
}

type Row struct {
	Route    string
	P50, P99 int
}

func Report(spans []Span) []Row {
	hists := make(map[string]*Hist)
	for _, s := range spans {
		h := hists[s.Route] // <- hot 40
		if h == nil {
			h = new(Hist)
			hists[s.Route] = h
		}
		h.Add(s.Nanos)
	}
	rows := make([]Row, 0, len(hists))
	for r, h := range hists {
		rows = append(rows, Row{r, h.Quantile(0.5), h.Quantile(0.99)})
	}
	sort.Slice(rows, func(i, j int) bool { return rows[i].Route < rows[j].Route })
	return rows
}
