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

func total(txs []Tx) int64 {
	var sum int64
	for i := range txs { // <- hot 40
		sum += txs[i].Amount // <- hot 52
	}
	return sum
}

type Statement struct {
	Opening int64
	Txs     []Tx
}

func (s *Statement) Lines() []Line {
	lines := make([]Line, 0, len(s.Txs))
	for i, tx := range s.Txs {
		balance := s.Opening + total(s.Txs[:i+1]) // <- cost
		lines = append(lines, Line{Tx: tx, Balance: balance, Overdue: balance < 0})
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
