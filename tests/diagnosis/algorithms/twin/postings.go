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

// Delete removes the series from the postings lists of the affected labels.
func (p *MemPostings) Delete(deleted map[SeriesRef]struct{}, affected map[Label]struct{}) {
	p.mtx.Lock()
	defer p.mtx.Unlock()
	for l := range affected {
		list := p.m[l.Name][l.Value] // <- hot 11
		kept := list[:0]
		for _, id := range list {
			if _, gone := deleted[id]; !gone { // <- hot 48
				kept = append(kept, id)
			}
		}
		if len(kept) > 0 {
			p.m[l.Name][l.Value] = kept
			continue
		}
		delete(p.m[l.Name], l.Value)
		if len(p.m[l.Name]) == 0 {
			delete(p.m, l.Name)
		}
	}
}

type Head struct {
	series   map[SeriesRef]*Series
	postings *MemPostings
}

func (h *Head) GC(mint int64) int {
	deleted := map[SeriesRef]struct{}{}
	affected := map[Label]struct{}{}
	for ref, s := range h.series { // <- hot 9
		if s.MaxTime >= mint {
			continue
		}
		deleted[ref] = struct{}{}
		for _, l := range s.Labels {
			affected[l] = struct{}{} // <- hot 22
		}
		delete(h.series, ref)
	}
	h.postings.Delete(deleted, affected)
	return len(deleted)
}
