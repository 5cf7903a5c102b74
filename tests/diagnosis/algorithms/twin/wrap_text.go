package mailer

import (
	"bytes"
	"strings"
)

type Wrapper struct {
	buf   bytes.Buffer
	width int
	col   int
}

func NewWrapper(width int) *Wrapper {
	return &Wrapper{width: width}
}

func (w *Wrapper) word(s string) {
	if w.col > 0 && w.col+1+len(s) > w.width {
		w.buf.WriteByte('\n')
		w.col = 0
	} else if w.col > 0 {
		w.buf.WriteByte(' ') // <- hot 17
		w.col++
	}
	w.buf.WriteString(s) // <- hot 34
	w.col += len(s)
}

// Wrap breaks a plain text body so that no line is longer than the width.
func (w *Wrapper) Wrap(body string) string {
	w.buf.Reset()
	w.col = 0
	for _, s := range strings.Fields(body) { // <- hot 38
		w.word(s)
	}
	w.buf.WriteByte('\n')
	return w.buf.String()
}
