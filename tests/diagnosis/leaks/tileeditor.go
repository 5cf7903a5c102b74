package tilemap

import "errors"

type Tile struct {
	Sprite uint16
	Flags  uint8
	Light  [3]uint8
}

type Grid struct {
	W, H  int
	Tiles []Tile
}

func NewGrid(w, h int) *Grid {
	return &Grid{W: w, H: h, Tiles: make([]Tile, w*h)}
}

func (g *Grid) snapshot() *Grid {
	dup := &Grid{W: g.W, H: g.H}
	dup.Tiles = append(dup.Tiles, g.Tiles...) // <- made 97
	return dup
}

type step struct {
	label string
	state *Grid
}

type Editor struct {
	grid      *Grid
	undo      []step // <- cost
	redo      []step
	selection map[int]bool
	dirty     []int
}

func NewEditor(w, h int) *Editor {
	return &Editor{grid: NewGrid(w, h), selection: map[int]bool{}}
}

func (e *Editor) checkpoint(label string) {
	e.redo = e.redo[:0]
	e.undo = append(e.undo, step{label: label, state: e.grid.snapshot()}) // <- made 3 <- cost
}

func (e *Editor) Paint(x, y int, t Tile) error {
	if x < 0 || y < 0 || x >= e.grid.W || y >= e.grid.H {
		return errors.New("outside of map")
	}
	e.checkpoint("paint")
	i := y*e.grid.W + x
	e.grid.Tiles[i] = t
	e.dirty = append(e.dirty, i)
	return nil
}

func (e *Editor) Fill(x, y int, t Tile) {
	e.checkpoint("fill")
	start := y*e.grid.W + x
	from := e.grid.Tiles[start].Sprite
	stack := []int{start}
	visited := map[int]bool{}
	for len(stack) > 0 {
		i := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if visited[i] || e.grid.Tiles[i].Sprite != from {
			continue
		}
		visited[i] = true
		e.grid.Tiles[i] = t
		e.dirty = append(e.dirty, i)
		for _, j := range []int{i - 1, i + 1, i - e.grid.W, i + e.grid.W} {
			if j >= 0 && j < len(e.grid.Tiles) {
				stack = append(stack, j)
			}
		}
	}
}

func (e *Editor) Undo() bool {
	if len(e.undo) == 0 {
		return false
	}
	last := e.undo[len(e.undo)-1]
	e.undo = e.undo[:len(e.undo)-1]
	e.redo = append(e.redo, step{last.label, e.grid})
	e.grid = last.state
	clear(e.selection)
	return true
}

func (e *Editor) Flush(draw func(i int, t Tile)) {
	for _, i := range e.dirty {
		draw(i, e.grid.Tiles[i])
	}
	e.dirty = e.dirty[:0]
}
