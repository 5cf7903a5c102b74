package remote

import (
	"sort"
	"sync"
)

type Label struct{ Name, Value string }

type interned struct {
	s    string
	refs int64
}

type pool struct {
	mtx sync.Mutex
	m   map[string]*interned // <- cost
}

func newPool() *pool { return &pool{m: make(map[string]*interned)} }

func (p *pool) intern(s string) string {
	if s == "" {
		return ""
	}
	p.mtx.Lock()
	defer p.mtx.Unlock()
	if e, ok := p.m[s]; ok {
		e.refs++
		return e.s
	}
	p.m[s] = &interned{s: s, refs: 1} // <- made 65 <- cost
	return s
}

func (p *pool) release(s string) {
	p.mtx.Lock()
	defer p.mtx.Unlock()
	if e, ok := p.m[s]; ok {
		if e.refs--; e.refs == 0 {
			delete(p.m, s)
		}
	}
}

type RefSeries struct {
	Ref    uint64
	Labels [][2][]byte
}

type QueueManager struct {
	mtx            sync.Mutex
	interner       *pool
	seriesLabels   map[uint64][]Label
	seriesSegments map[uint64]int
	dropped        map[uint64]struct{}
	keep           func([]Label) bool
}

func NewQueueManager(keep func([]Label) bool) *QueueManager {
	return &QueueManager{
		interner:       newPool(),
		seriesLabels:   make(map[uint64][]Label),
		seriesSegments: make(map[uint64]int),
		dropped:        make(map[uint64]struct{}),
		keep:           keep,
	}
}

func (t *QueueManager) StoreSeries(series []RefSeries, segment int) {
	t.mtx.Lock()
	defer t.mtx.Unlock()
	for _, s := range series {
		labels := make([]Label, 0, len(s.Labels))
		for _, kv := range s.Labels {
			labels = append(labels, Label{string(kv[0]), string(kv[1])}) // <- made 35
		}
		sort.Slice(labels, func(i, j int) bool { return labels[i].Name < labels[j].Name })
		t.seriesSegments[s.Ref] = segment
		if !t.keep(labels) {
			t.dropped[s.Ref] = struct{}{}
			continue
		}
		for i, l := range labels {
			labels[i] = Label{t.interner.intern(l.Name), t.interner.intern(l.Value)} // <- cost
		}
		t.seriesLabels[s.Ref] = labels // <- cost
	}
}

func (t *QueueManager) SeriesReset(segment int) {
	t.mtx.Lock()
	defer t.mtx.Unlock()
	for ref, seg := range t.seriesSegments {
		if seg >= segment {
			continue
		}
		for _, l := range t.seriesLabels[ref] {
			t.interner.release(l.Name)
			t.interner.release(l.Value)
		}
		delete(t.seriesSegments, ref)
		delete(t.seriesLabels, ref)
		delete(t.dropped, ref)
	}
}
