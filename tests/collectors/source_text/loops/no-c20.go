package lp

import "math"

type tableau struct {
	a     [][]float64
	basis []int
}

func (t *tableau) ratio(col int) int {
	row, best := -1, math.Inf(1)
	last := len(t.a[0]) - 1
	for i := 0; i < len(t.basis); i++ {
		if t.a[i][col] > 1e-9 && t.a[i][last]/t.a[i][col] < best {
			row, best = i, t.a[i][last]/t.a[i][col]
		}
	}
	return row
}

func (t *tableau) pivot(r, c int) {
	p := t.a[r][c]
	for j := range t.a[r] {
		t.a[r][j] /= p
	}
	for i := range t.a {
		f := t.a[i][c]
		if i == r || f == 0 {
			continue
		}
		for j := range t.a[i] {
			t.a[i][j] -= f * t.a[r][j] // <- 0
		}
	}
	t.basis[r] = c
}
