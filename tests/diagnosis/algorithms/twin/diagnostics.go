package lint

import (
	"fmt"
	"sort"
)

// Finding is a rule violation at a byte offset.
type Finding struct {
	Offset int
	Rule   string
	Text   string
}

type File struct {
	Name string
	Src  string
	starts []int
}

func (f *File) index() {
	f.starts = append(f.starts[:0], 0)
	for i := 0; i < len(f.Src); i++ {
		if f.Src[i] == '\n' { // <- hot 17
			f.starts = append(f.starts, i+1)
		}
	}
}

// position turns a byte offset into a line and a column, both from one.
func (f *File) position(offset int) (int, int) {
	line := sort.SearchInts(f.starts, offset+1) // <- hot 20
	return line, offset - f.starts[line-1] + 1
}

// Render formats the findings the way editors like to parse them.
func Render(f *File, findings []Finding) []string {
	out := make([]string, 0, len(findings))
	muted := map[string]bool{"whitespace": true}
	f.index()
	for _, d := range findings {
		if muted[d.Rule] {
			continue
		}
		line, column := f.position(d.Offset)
		out = append(out, fmt.Sprintf("%s:%d:%d: %s (%s)", f.Name, line, column, d.Text, d.Rule)) // <- hot 54
	}
	return out
}
