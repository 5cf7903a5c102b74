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
	byMail map[string]*Subscriber
}

func NewRegistry() *Registry {
	return &Registry{
		byID:   make(map[int64]*Subscriber),
		byMail: make(map[string]*Subscriber),
	}
}

func (r *Registry) lookup(email string) *Subscriber {
	return r.byMail[strings.ToLower(email)] // <- hot 58
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
	r.byMail[strings.ToLower(email)] = s // <- hot 19
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
			delete(r.byMail, strings.ToLower(s.Email))
			dropped++
		}
	}
	return dropped
}
