package finder

import (
	"container/heap"
	"sort"
	"unicode"
)

type Match struct {
	Line  string
	Score int
}

const (
	scoreMatch       = 16
	scoreGap         = -3
	bonusBoundary    = 8
	bonusConsecutive = 4
	negInf           = -1 << 20
)

type matcher struct {
	pattern []rune
	prev    []int
	cur     []int
}

func newMatcher(pattern string) *matcher {
	p := []rune(pattern)
	return &matcher{pattern: p, prev: make([]int, len(p)+1), cur: make([]int, len(p)+1)}
}

// score fills the alignment table row by row; best[j] is the best score of a
// match of the first j pattern runes that ends at or before this rune.
func (m *matcher) score(line string) int {
	for j := range m.prev {
		m.prev[j] = negInf
	}
	m.prev[0] = 0
	last := ' '
	for _, c := range line {
		bonus := 0
		if !unicode.IsLetter(last) && !unicode.IsDigit(last) { // <- hot 14
			bonus = bonusBoundary
		}
		lower := unicode.ToLower(c) // <- hot 12
		m.cur[0] = 0
		for j, p := range m.pattern { // <- hot 21
			v := m.prev[j+1] + scoreGap
			if p == lower {
				if s := m.prev[j] + scoreMatch + bonus; s > v { // <- hot 33
					v = s
				}
			}
			m.cur[j+1] = v
		}
		m.prev, m.cur = m.cur, m.prev
		last = c
	}
	return m.prev[len(m.pattern)]
}

type worstFirst []Match

func (h worstFirst) Len() int           { return len(h) }
func (h worstFirst) Less(i, j int) bool { return h[i].Score < h[j].Score }
func (h worstFirst) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *worstFirst) Push(x any)        { *h = append(*h, x.(Match)) }
func (h *worstFirst) Pop() any {
	old := *h
	*h = old[:len(old)-1]
	return old[len(old)-1]
}

func Top(lines []string, pattern string, k int) []Match {
	m := newMatcher(pattern)
	var best worstFirst
	for _, line := range lines {
		s := m.score(line)
		if s <= 0 || len(best) == k && s <= best[0].Score {
			continue
		}
		heap.Push(&best, Match{line, s})
		if len(best) > k {
			heap.Pop(&best)
		}
	}
	sort.Slice(best, func(i, j int) bool { return best[i].Score > best[j].Score })
	return best
}
