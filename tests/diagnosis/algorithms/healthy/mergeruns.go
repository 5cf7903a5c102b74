package extsort

import (
	"bufio"
	"container/heap"
	"io"
)

type run struct {
	sc   *bufio.Scanner
	line string
	no   int
}

type runs []*run

func (r runs) Len() int { return len(r) }
func (r runs) Less(i, j int) bool {
	if r[i].line != r[j].line { // <- hot 29
		return r[i].line < r[j].line
	}
	return r[i].no < r[j].no
}
func (r runs) Swap(i, j int) { r[i], r[j] = r[j], r[i] }
func (r *runs) Push(x any)   { *r = append(*r, x.(*run)) }
func (r *runs) Pop() any {
	old := *r
	x := old[len(old)-1]
	*r = old[:len(old)-1]
	return x
}

func (r *run) advance() bool {
	if !r.sc.Scan() { // <- hot 18
		return false
	}
	r.line = r.sc.Text() // <- hot 14
	return true
}

// Merge writes the sorted runs as one sorted stream without duplicates.
func Merge(w io.Writer, sources []io.Reader) error {
	out := bufio.NewWriterSize(w, 1<<16)
	var h runs
	for i, src := range sources {
		r := &run{sc: bufio.NewScanner(src), no: i}
		if r.advance() {
			h = append(h, r)
		}
	}
	heap.Init(&h)
	last, first := "", true
	for h.Len() > 0 {
		top := h[0]
		if first || top.line != last {
			out.WriteString(top.line)
			out.WriteByte('\n')
			last, first = top.line, false
		}
		if top.advance() {
			heap.Fix(&h, 0) // <- hot 23
		} else {
			heap.Pop(&h)
		}
	}
	return out.Flush()
}
