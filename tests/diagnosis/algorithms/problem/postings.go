package index

import "sync"

type SeriesRef uint64

type Label struct{ Name, Value string }

type Series struct {
	Ref     SeriesRef
	Labels  []Label
	MaxTime int64
}

type MemPostings struct {
	mtx sync.RWMutex
	m   map[string]map[string][]SeriesRef
}

func NewMemPostings() *MemPostings {
	return &MemPostings{m: map[string]map[string][]SeriesRef{}}
}

func (p *MemPostings) Add(ref SeriesRef, lset []Label) {
	p.mtx.Lock()
	defer p.mtx.Unlock()
	for _, l := range lset {
		nm, ok := p.m[l.Name]
		if !ok {
			nm = map[string][]SeriesRef{}
			p.m[l.Name] = nm
		}
		nm[l.Value] = append(nm[l.Value], ref)
	}
}

// Delete removes the series from the postings lists.
func (p *MemPostings) Delete(ref SeriesRef) {
	p.mtx.Lock()
	defer p.mtx.Unlock()
	for name, values := range p.m { // <- cost
		for value, list := range values { // <- cost hot 23
			kept := list[:0]
			for _, id := range list { // <- cost hot 28
				if id != ref { // <- hot 17
					kept = append(kept, id) // <- hot 24
				}
			}
			if len(kept) == 0 {
				delete(values, value)
			} else {
				values[value] = kept
			}
		}
		if len(values) == 0 {
			delete(p.m, name)
		}
	}
}

type Head struct {
	series   map[SeriesRef]*Series
	postings *MemPostings
}

func (h *Head) GC(mint int64) int {
	removed := 0
	for ref, s := range h.series {
		if s.MaxTime >= mint {
			continue
		}
		delete(h.series, ref)
		h.postings.Delete(ref) // <- cost
		removed++
	}
	return removed
}
