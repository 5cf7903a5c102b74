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

func accounts(txns []Txn) []string {
	seen := map[string]bool{}
	var names []string
	for _, t := range txns {
		if !seen[t.Account] {
			seen[t.Account] = true
			names = append(names, t.Account)
		}
	}
	return names
}

func filter[T any](in []T, keep func(T) bool) []T {
	var out []T
	for _, v := range in { // <- hot 31
		if keep(v) { // <- hot 38
			out = append(out, v)
		}
	}
	return out
}

// Monthly builds one statement for each account in the booking journal.
func Monthly(journal []Txn) []Statement {
	var out []Statement
	for _, name := range accounts(journal) {
		own := filter(journal, func(t Txn) bool { return t.Account == name }) // <- cost hot 24
		out = append(out, summarise(name, own))
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
