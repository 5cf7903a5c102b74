package lease

import (
	"sync"
	"time"
)

type LeaseID int64

type Lease struct {
	ID     LeaseID
	TTL    time.Duration
	expiry time.Time
	items  map[string]struct{}
}

func (l *Lease) expired(now time.Time) bool {
	return !now.Before(l.expiry) // <- hot 29
}

const revokeRate = 1000

type Lessor struct {
	mu       sync.Mutex
	leaseMap map[LeaseID]*Lease
	expiredC chan []*Lease
	stopC    chan struct{}
}

func (le *Lessor) Grant(id LeaseID, ttl time.Duration) *Lease {
	l := &Lease{ID: id, TTL: ttl, expiry: time.Now().Add(ttl), items: map[string]struct{}{}}
	le.mu.Lock()
	le.leaseMap[id] = l
	le.mu.Unlock()
	return l
}

func (le *Lessor) Renew(id LeaseID) bool {
	le.mu.Lock()
	defer le.mu.Unlock()
	l, ok := le.leaseMap[id]
	if ok {
		l.expiry = time.Now().Add(l.TTL)
	}
	return ok
}

func (le *Lessor) findExpired(now time.Time, limit int) []*Lease {
	var found []*Lease
	for _, l := range le.leaseMap { // <- cost hot 58
		if l.expired(now) { // <- cost
			found = append(found, l)
			if len(found) == limit {
				break
			}
		}
	}
	return found
}

func (le *Lessor) run() {
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-le.stopC:
			return
		case now := <-ticker.C:
			le.mu.Lock()
			found := le.findExpired(now, revokeRate/20) // <- cost
			for _, l := range found {
				delete(le.leaseMap, l.ID)
			}
			le.mu.Unlock()
			if len(found) > 0 {
				le.expiredC <- found
			}
		}
	}
}
