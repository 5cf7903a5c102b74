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

// Push keeps the newest edit in front.
func (h *History) Push(e Edit) {
	h.edits = append([]Edit{e}, h.edits...) // <- cost hot 92
	if h.cap > 0 && len(h.edits) > h.cap {
		h.edits = h.edits[:h.cap]
	}
}

func (h *History) Last() (Edit, bool) {
	if len(h.edits) == 0 {
		return Edit{}, false
	}
	return h.edits[0], true
}

func Record(h *History, stream []Edit) error {
	for i, e := range stream {
		if e.Pos < 0 {
			return fmt.Errorf("edit %d: position %d", i, e.Pos)
		}
		h.Push(e)
	}
	return nil
}
