package licences

import (
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

func active(sessions []Session, at time.Time) int {
	n := 0
	for _, s := range sessions { // <- cost hot 39
		if !s.Begin.After(at) && s.End.After(at) { // <- cost hot 55
			n++
		}
	}
	return n
}

// Summarize finds how many licences were in use at once and when.
func Summarize(sessions []Session) Report {
	var r Report
	for _, s := range sessions {
		r.Hours += s.End.Sub(s.Begin).Hours()
		if n := active(sessions, s.Begin); n > r.Peak {
			r.Peak = n
			r.PeakAt = s.Begin
		}
	}
	return r
}
