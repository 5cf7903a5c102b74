package statement

import "time"

type Tx struct {
	When   time.Time
	Amount int64
	Memo   string
}

type Line struct {
	Tx
	Balance int64
	Overdue bool
}

func (l *Line) mark() {
	l.Overdue = l.Balance < 0
}

type Statement struct {
	Opening int64
	Txs     []Tx
}

func (s *Statement) Lines() []Line {
	lines := make([]Line, 0, len(s.Txs))
	balance := s.Opening
	for _, tx := range s.Txs { // <- hot 20
		balance += tx.Amount
		l := Line{Tx: tx, Balance: balance}
		l.mark()
		lines = append(lines, l) // <- hot 65
	}
	return lines
}

func (s *Statement) Lowest() (low Line) {
	for i, l := range s.Lines() {
		if i == 0 || l.Balance < low.Balance {
			low = l
		}
	}
	return low
}
