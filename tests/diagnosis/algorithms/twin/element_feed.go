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
	scanned int  // bytes of the tag in pending that were looked at
	quote   byte // open quote at that place
}

func NewParser(h Handler) *Parser { return &Parser{handler: h} }

// scanTag returns the length of the tag at the beginning of pending, or 0 if
// its end is not there yet; the next call goes on where this one stopped.
func (p *Parser) scanTag() (int, error) {
	b := p.pending
	i := p.scanned
	if i == 0 {
		i = 1
	}
	for ; i < len(b); i++ { // <- hot 21
		switch c := b[i]; { // <- hot 18
		case p.quote != 0:
			if c == p.quote { // <- hot 16
				p.quote = 0
			}
		case c == '"' || c == '\'':
			p.quote = c
		case c == '<':
			return 0, errBadTag
		case c == '>':
			p.scanned = 0
			return i + 1, nil
		}
	}
	p.scanned = len(b)
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
	p.pending = append(p.pending, chunk...) // <- hot 23
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
		n, err := p.scanTag()
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
