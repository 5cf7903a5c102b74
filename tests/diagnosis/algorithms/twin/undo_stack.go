package editor

import "fmt"

type Edit struct {
	Pos  int
	Del  string
	Ins  string
	Page int
}

type History struct {
	edits []Edit
	cap   int
}

func NewHistory(capacity int) *History {
	return &History{cap: capacity}
}

// Push keeps the newest edit at the end.
func (h *History) Push(e Edit) {
	h.edits = append(h.edits, e) // <- hot 52
	if h.cap > 0 && len(h.edits) > 2*h.cap {
		n := copy(h.edits, h.edits[len(h.edits)-h.cap:]) // <- hot 14
		h.edits = h.edits[:n]
	}
}

func (h *History) Last() (Edit, bool) {
	if len(h.edits) == 0 {
		return Edit{}, false
	}
	return h.edits[len(h.edits)-1], true
}

func Record(h *History, stream []Edit) error {
	for i, e := range stream {
		if e.Pos < 0 {
			return fmt.Errorf("edit %d: position %d", i, e.Pos)
		}
		h.Push(e) // <- hot 18
	}
	return nil
}
