package store

import "sort"

type Page struct {
	Keys []string
	Vals [][]byte
}

type Tree struct {
	index []string
	pages []*Page
}

func (t *Tree) page(key string) *Page {
	lo, hi := 0, len(t.index)
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if t.index[mid] <= key { // <- 0
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return t.pages[lo]
}

func (t *Tree) get(key string) []byte {
	p := t.page(key) // <- 1
	i := sort.SearchStrings(p.Keys, key)
	if i < len(p.Keys) && p.Keys[i] == key {
		return p.Vals[i]
	}
	return nil
}

func (t *Tree) MultiGet(keys []string) [][]byte {
	out := make([][]byte, len(keys))
	for i := range keys {
		out[i] = t.get(keys[i]) // <- 2
	}
	return out
}
