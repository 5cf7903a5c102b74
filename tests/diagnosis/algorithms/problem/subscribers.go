package newsletter

import (
	"errors"
	"strings"
	"sync"
	"time"
)

var ErrTaken = errors.New("address is already subscribed")

type Subscriber struct {
	ID      int64
	Email   string
	Joined  time.Time
	Bounces int
}

type Registry struct {
	mu     sync.RWMutex
	nextID int64
	byID   map[int64]*Subscriber
}

func NewRegistry() *Registry {
	return &Registry{byID: make(map[int64]*Subscriber)}
}

func (r *Registry) lookup(email string) *Subscriber {
	for _, s := range r.byID { // <- cost hot 61
		if strings.EqualFold(s.Email, email) { // <- hot 34
			return s
		}
	}
	return nil
}

func (r *Registry) Subscribe(email string, now time.Time) (*Subscriber, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lookup(email) != nil {
		return nil, ErrTaken
	}
	r.nextID++
	s := &Subscriber{ID: r.nextID, Email: email, Joined: now}
	r.byID[s.ID] = s
	return s, nil
}

// HandleBounces is called with the addresses of one delivery report.
func (r *Registry) HandleBounces(report []string) (dropped int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, addr := range report {
		s := r.lookup(addr)
		if s == nil {
			continue
		}
		if s.Bounces++; s.Bounces >= 5 {
			delete(r.byID, s.ID)
			dropped++
		}
	}
	return dropped
}
