package ledger

import (
	"errors"
	"time"
)

var ErrOverdrawn = errors.New("ledger: overdrawn")

type Entry struct {
	Account string
	Cents   int64
	At      time.Time
	Memo    string
}

type Book struct {
	entries []Entry
	limit   int64
}

func NewBook(limit int64) *Book {
	return &Book{limit: limit}
}

// Balance is the sum of everything posted to the account.
func (b *Book) Balance(account string) int64 {
	var sum int64
	for i := range b.entries { // <- cost hot 21
		if b.entries[i].Account == account { // <- cost hot 67
			sum += b.entries[i].Cents // <- hot 5
		}
	}
	return sum
}

// Post records one movement unless it would break the account's limit.
func (b *Book) Post(e Entry) error {
	if e.Cents < 0 && b.Balance(e.Account)+e.Cents < -b.limit {
		return ErrOverdrawn
	}
	b.entries = append(b.entries, e)
	return nil
}

// Replay posts a batch and returns the entries that were refused.
func (b *Book) Replay(batch []Entry) []Entry {
	var refused []Entry
	for _, e := range batch {
		if err := b.Post(e); err != nil {
			refused = append(refused, e)
		}
	}
	return refused
}
