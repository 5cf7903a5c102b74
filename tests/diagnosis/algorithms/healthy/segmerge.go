// Package segmerge compacts sorted segments of the event store.
package segmerge

import (
	"bytes"
	"container/heap"
)

type Record struct {
	Key, Value []byte
	Seq        uint64
}

type Segment interface {
	Next() (Record, bool)
}

type source struct {
	head Record
	seg  Segment
}

type sources []*source

func (s sources) Len() int      { return len(s) }
func (s sources) Swap(i, j int) { s[i], s[j] = s[j], s[i] } // <- hot 12
func (s sources) Less(i, j int) bool {
	if c := bytes.Compare(s[i].head.Key, s[j].head.Key); c != 0 { // <- hot 44
		return c < 0
	}
	return s[i].head.Seq > s[j].head.Seq
}
func (s *sources) Push(x any) { *s = append(*s, x.(*source)) }
func (s *sources) Pop() any {
	old := *s
	last := old[len(old)-1]
	*s = old[:len(old)-1]
	return last
}

// Merge emits the newest record of every key, in key order.
func Merge(segs []Segment, emit func(Record) error) error {
	h := make(sources, 0, len(segs))
	for _, sg := range segs {
		if rec, ok := sg.Next(); ok {
			h = append(h, &source{rec, sg})
		}
	}
	heap.Init(&h)
	var last []byte
	for first := true; len(h) > 0; {
		top := h[0]
		if first || !bytes.Equal(top.head.Key, last) {
			if err := emit(top.head); err != nil { // <- hot 11
				return err
			}
			last, first = append(last[:0], top.head.Key...), false
		}
		if rec, ok := top.seg.Next(); ok {
			top.head = rec
			heap.Fix(&h, 0) // <- hot 20
		} else {
			heap.Pop(&h)
		}
	}
	return nil
}
