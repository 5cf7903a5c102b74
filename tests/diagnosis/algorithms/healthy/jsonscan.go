package jsonscan

import "fmt"

// Event is called for every scalar with its depth and raw bytes.
type Event func(depth int, raw []byte)

type scanner struct {
	data  []byte
	pos   int
	depth int
	emit  Event
}

// Scan walks one document and reports all scalars in order.
func Scan(data []byte, emit Event) error {
	s := &scanner{data: data, emit: emit}
	for s.pos < len(s.data) {
		switch c := s.data[s.pos]; c { // <- hot 19
		case ' ', '\t', '\r', '\n', ',', ':':
			s.pos++
		case '{', '[':
			s.depth++
			s.pos++
		case '}', ']':
			if s.depth == 0 {
				return fmt.Errorf("jsonscan: unbalanced %q at %d", c, s.pos)
			}
			s.depth--
			s.pos++
		case '"':
			if err := s.str(); err != nil {
				return err
			}
		default:
			s.literal()
		}
	}
	if s.depth != 0 {
		return fmt.Errorf("jsonscan: %d containers left open", s.depth)
	}
	return nil
}

func (s *scanner) str() error {
	start := s.pos
	for i := start + 1; i < len(s.data); i++ { // <- hot 17
		switch s.data[i] { // <- hot 31
		case '\\':
			i++
		case '"':
			s.pos = i + 1
			s.emit(s.depth, s.data[start:s.pos]) // <- hot 9
			return nil
		}
	}
	return fmt.Errorf("jsonscan: string at %d is not closed", start)
}

func (s *scanner) literal() {
	start := s.pos
	s.pos++
	for s.pos < len(s.data) {
		switch s.data[s.pos] {
		case ' ', '\t', '\r', '\n', ',', ':', '}', ']', '{', '[', '"':
			s.emit(s.depth, s.data[start:s.pos])
			return
		}
		s.pos++
	}
	s.emit(s.depth, s.data[start:])
}
