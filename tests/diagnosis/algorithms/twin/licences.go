package licences

import (
	"sort"
	"time"
)

// Session is one use of a floating licence.
type Session struct {
	User       string
	Begin, End time.Time
}

type Report struct {
	Peak   int
	PeakAt time.Time
	Hours  float64
}

type edge struct {
	at    time.Time
	delta int
}

func edges(sessions []Session) []edge {
	out := make([]edge, 0, 2*len(sessions))
	for _, s := range sessions {
		if s.End.After(s.Begin) {
			out = append(out, edge{s.Begin, 1}, edge{s.End, -1}) // <- hot 12
		}
	}
	sort.Slice(out, func(i, j int) bool { // <- hot 38
		if out[i].at.Equal(out[j].at) { // <- hot 22
			return out[i].delta < out[j].delta
		}
		return out[i].at.Before(out[j].at) // <- hot 17
	})
	return out
}

// Summarize finds how many licences were in use at once and when.
func Summarize(sessions []Session) Report {
	var r Report
	for _, s := range sessions {
		r.Hours += s.End.Sub(s.Begin).Hours()
	}
	n := 0
	for _, e := range edges(sessions) {
		n += e.delta
		if n > r.Peak {
			r.Peak = n
			r.PeakAt = e.at
		}
	}
	return r
}
