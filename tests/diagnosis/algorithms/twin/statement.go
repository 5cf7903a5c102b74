package statements

import "time"

type Txn struct {
	Account string
	At      time.Time
	Cents   int64
	Memo    string
}

type Statement struct {
	Account  string
	Txns     []Txn
	In, Out  int64
	LastSeen time.Time
}

// Monthly builds one statement for each account in the booking journal.
func Monthly(journal []Txn) []Statement {
	groups := map[string][]Txn{}
	var names []string
	for _, t := range journal {
		own, ok := groups[t.Account] // <- hot 22
		if !ok {
			names = append(names, t.Account)
		}
		groups[t.Account] = append(own, t) // <- hot 51
	}
	out := make([]Statement, 0, len(names))
	for _, name := range names {
		out = append(out, summarise(name, groups[name]))
	}
	return out
}

func summarise(name string, own []Txn) Statement {
	s := Statement{Account: name, Txns: own}
	for _, t := range own {
		if t.Cents >= 0 {
			s.In += t.Cents
		} else {
			s.Out -= t.Cents
		}
		if t.At.After(s.LastSeen) {
			s.LastSeen = t.At
		}
	}
	return s
}
