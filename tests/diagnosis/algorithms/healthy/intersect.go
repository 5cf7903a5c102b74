package query

import "sort"

type DocID uint64

// Postings iterates over ascending document ids.
type Postings interface {
	Next() bool
	Seek(v DocID) bool
	At() DocID
}

type listPostings struct {
	list []DocID
	cur  DocID
}

func newListPostings(list []DocID) Postings { return &listPostings{list: list} }

func (it *listPostings) At() DocID { return it.cur }

func (it *listPostings) Next() bool {
	if len(it.list) == 0 {
		return false
	}
	it.cur, it.list = it.list[0], it.list[1:]
	return true
}

// Seek gallops forward, then searches the last stride.
func (it *listPostings) Seek(v DocID) bool {
	if it.cur >= v {
		return true
	}
	hi := 1
	for hi < len(it.list) && it.list[hi-1] < v { // <- hot 19
		hi *= 2
	}
	if hi > len(it.list) {
		hi = len(it.list)
	}
	lo := hi / 2
	i := lo + sort.Search(hi-lo, func(i int) bool { return it.list[lo+i] >= v }) // <- hot 41
	if i >= len(it.list) {
		it.list = nil
		return false
	}
	it.cur, it.list = it.list[i], it.list[i+1:]
	return true
}

type intersection struct {
	arr []Postings
	cur DocID
}

func Intersect(its ...Postings) *intersection { return &intersection{arr: its} }

func (it *intersection) At() DocID { return it.cur }

func (it *intersection) doNext() bool {
Loop:
	for {
		for _, p := range it.arr { // <- hot 8
			if !p.Seek(it.cur) { // <- hot 16
				return false
			}
			if p.At() > it.cur {
				it.cur = p.At()
				continue Loop
			}
		}
		return true
	}
}

func (it *intersection) Next() bool {
	for _, p := range it.arr {
		if !p.Next() {
			return false
		}
		if p.At() > it.cur {
			it.cur = p.At()
		}
	}
	return it.doNext()
}
