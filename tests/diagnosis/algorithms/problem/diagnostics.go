package lint

import (
	"fmt"
	"strings"
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
}

// position turns a byte offset into a line and a column, both from one.
func (f *File) position(offset int) (int, int) {
	before := f.Src[:offset]
	line := strings.Count(before, "\n") + 1 // <- cost hot 81
	column := offset - strings.LastIndex(before, "\n")
	return line, column
}

// Render formats the findings the way editors like to parse them.
func Render(f *File, findings []Finding) []string {
	out := make([]string, 0, len(findings))
	muted := map[string]bool{"whitespace": true}
	for _, d := range findings {
		if muted[d.Rule] {
			continue
		}
		line, column := f.position(d.Offset)
		out = append(out, fmt.Sprintf("%s:%d:%d: %s (%s)", f.Name, line, column, d.Text, d.Rule)) // <- hot 13
	}
	return out
}
