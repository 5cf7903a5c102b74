package mailer

import (
	"bytes"
	"strings"
)

type Wrapper struct {
	buf   bytes.Buffer
	width int
}

func NewWrapper(width int) *Wrapper {
	return &Wrapper{width: width}
}

func (w *Wrapper) column() int {
	text := w.buf.String()                                   // <- cost hot 80
	return len(text) - strings.LastIndexByte(text, '\n') - 1 // <- hot 7
}

func (w *Wrapper) word(s string) {
	col := w.column() // <- cost
	if col > 0 && col+1+len(s) > w.width {
		w.buf.WriteByte('\n')
	} else if col > 0 {
		w.buf.WriteByte(' ')
	}
	w.buf.WriteString(s)
}

// Wrap breaks a plain text body so that no line is longer than the width.
func (w *Wrapper) Wrap(body string) string {
	w.buf.Reset()
	for _, s := range strings.Fields(body) { // <- hot 5
		w.word(s)
	}
	w.buf.WriteByte('\n')
	return w.buf.String()
}
