package feed

import "errors"

var (
	errBadTag  = errors.New("feed: malformed tag")
	errTooLong = errors.New("feed: token too long")
)

const maxToken = 64 << 20

type Handler interface {
	StartTag(raw []byte)
	Text(raw []byte)
}

// Parser takes a document in pieces, as they come from the peer.
type Parser struct {
	handler Handler
	pending []byte
}

func NewParser(h Handler) *Parser { return &Parser{handler: h} }

// scanTag returns the length of the tag at the beginning of b, or 0 if its
// end is not there yet.
func scanTag(b []byte) (int, error) {
	var quote byte
	for i := 1; i < len(b); i++ { // <- cost hot 34
		switch c := b[i]; { // <- hot 29
		case quote != 0:
			if c == quote { // <- hot 26
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '<':
			return 0, errBadTag
		case c == '>':
			return i + 1, nil
		}
	}
	return 0, nil
}

func scanText(b []byte) int {
	for i, c := range b {
		if c == '<' {
			return i
		}
	}
	return len(b)
}

func (p *Parser) Feed(chunk []byte) error {
	p.pending = append(p.pending, chunk...)
	if len(p.pending) > maxToken {
		return errTooLong
	}
	for len(p.pending) > 0 {
		if p.pending[0] != '<' {
			n := scanText(p.pending)
			p.handler.Text(p.pending[:n])
			p.pending = p.pending[n:]
			continue
		}
		n, err := scanTag(p.pending) // <- cost
		if err != nil {
			return err
		}
		if n == 0 {
			return nil
		}
		p.handler.StartTag(p.pending[:n])
		p.pending = p.pending[n:]
	}
	return nil
}
