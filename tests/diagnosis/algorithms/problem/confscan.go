// Package confscan tokenizes the router configuration language.
package confscan

import (
	"fmt"
	"strings"
)

type Pos struct{ Line, Col int }

type Token struct {
	Text string
	Pos  Pos
}

type Scanner struct {
	src string
	off int
}

func New(src string) *Scanner { return &Scanner{src: src} }

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }
func isPunct(c byte) bool { return strings.IndexByte("{};,", c) >= 0 }

func (s *Scanner) pos() Pos {
	before := s.src[:s.off]
	line := strings.Count(before, "\n") + 1 // <- cost hot 83
	col := s.off - strings.LastIndex(before, "\n")
	return Pos{line, col}
}

// Next returns the next token; ok is false at the end of the text.
func (s *Scanner) Next() (tok Token, ok bool) {
	for s.off < len(s.src) && isSpace(s.src[s.off]) {
		s.off++
	}
	if s.off >= len(s.src) {
		return Token{}, false
	}
	at, start := s.pos(), s.off // <- cost
	s.off++
	if !isPunct(s.src[start]) {
		for s.off < len(s.src) && !isSpace(s.src[s.off]) && !isPunct(s.src[s.off]) {
			s.off++
		}
	}
	return Token{s.src[start:s.off], at}, true
}

// Balanced reports the first brace that closes nothing.
func Balanced(src string) error {
	depth := 0
	for s := New(src); ; {
		t, ok := s.Next()
		if !ok {
			return nil
		}
		switch t.Text {
		case "{":
			depth++
		case "}":
			if depth--; depth < 0 {
				return fmt.Errorf("%d:%d: unexpected }", t.Pos.Line, t.Pos.Col)
			}
		}
	}
}
