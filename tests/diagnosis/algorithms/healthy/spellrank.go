package spell

import "sort"

type Suggestion struct {
	Word string
	Dist int
}

type Speller struct {
	// buckets holds dictionary words by length in runes.
	buckets  map[int][][]rune
	row      []int
	MaxEdits int
}

func New(words []string, maxEdits int) *Speller {
	s := &Speller{buckets: map[int][][]rune{}, MaxEdits: maxEdits}
	for _, w := range words {
		r := []rune(w)
		s.buckets[len(r)] = append(s.buckets[len(r)], r)
	}
	return s
}

func min3(a, b, c int) int {
	if b < a {
		a = b
	}
	if c < a {
		a = c
	}
	return a
}

func (s *Speller) distance(a, b []rune) int {
	s.row = s.row[:0]
	for j := 0; j <= len(b); j++ {
		s.row = append(s.row, j)
	}
	for i, ca := range a {
		diag, lowest := s.row[0], i+1
		s.row[0] = i + 1
		for j, cb := range b { // <- hot 21
			cost := 1
			if ca == cb { // <- hot 17
				cost = 0
			}
			next := min3(s.row[j]+1, s.row[j+1]+1, diag+cost) // <- hot 40
			diag, s.row[j+1] = s.row[j+1], next               // <- hot 14
			if next < lowest {
				lowest = next
			}
		}
		if lowest > s.MaxEdits {
			return lowest
		}
	}
	return s.row[len(b)]
}

func (s *Speller) Suggest(word string) []Suggestion {
	in := []rune(word)
	var out []Suggestion
	for n := len(in) - s.MaxEdits; n <= len(in)+s.MaxEdits; n++ {
		for _, cand := range s.buckets[n] {
			if d := s.distance(in, cand); d <= s.MaxEdits {
				out = append(out, Suggestion{string(cand), d})
			}
		}
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].Dist < out[j].Dist })
	return out
}
