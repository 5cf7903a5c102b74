package recon

import "time"

type Entry struct {
	Ref    string
	Cents  int64
	Booked time.Time
	Match  *Entry
}

func Reconcile(bank, books []*Entry) (open []*Entry) {
	find := func(b *Entry) *Entry {
		for _, e := range books {
			if e.Match != nil {
				continue
			}
			if e.Cents == b.Cents && e.Ref == b.Ref { // <- 0
				return e
			}
		}
		return nil
	}
	for _, b := range bank { // <- outer
		if e := find(b); e != nil { // <- 1
			e.Match, b.Match = b, e
		} else {
			open = append(open, b)
		}
	}
	return open
}
