package lease

import (
	"container/heap"
	"sync"
	"time"
)

type LeaseID int64

type Lease struct {
	ID     LeaseID
	TTL    time.Duration
	expiry time.Time
	index  int
	items  map[string]struct{}
}

type leaseQueue []*Lease

func (q leaseQueue) Len() int           { return len(q) }
func (q leaseQueue) Less(i, j int) bool { return q[i].expiry.Before(q[j].expiry) } // <- hot 24
func (q leaseQueue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i] // <- hot 10
	q[i].index, q[j].index = i, j
}
func (q *leaseQueue) Push(x any) {
	l := x.(*Lease)
	l.index = len(*q)
	*q = append(*q, l)
}
func (q *leaseQueue) Pop() any {
	l := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return l
}

type Lessor struct {
	mu       sync.Mutex
	leaseMap map[LeaseID]*Lease
	queue    leaseQueue
	expiredC chan []*Lease
	stopC    chan struct{}
}

func (le *Lessor) Grant(id LeaseID, ttl time.Duration) *Lease {
	l := &Lease{ID: id, TTL: ttl, expiry: time.Now().Add(ttl), items: map[string]struct{}{}}
	le.mu.Lock()
	le.leaseMap[id] = l
	heap.Push(&le.queue, l)
	le.mu.Unlock()
	return l
}

func (le *Lessor) Renew(id LeaseID) bool {
	le.mu.Lock()
	defer le.mu.Unlock()
	l, ok := le.leaseMap[id] // <- hot 17
	if ok {
		l.expiry = time.Now().Add(l.TTL)
		heap.Fix(&le.queue, l.index) // <- hot 26
	}
	return ok
}

func (le *Lessor) popExpired(now time.Time, limit int) []*Lease {
	var found []*Lease
	for len(le.queue) > 0 && len(found) < limit && !now.Before(le.queue[0].expiry) {
		l := heap.Pop(&le.queue).(*Lease)
		delete(le.leaseMap, l.ID)
		found = append(found, l)
	}
	return found
}

func (le *Lessor) tick(now time.Time) {
	le.mu.Lock()
	found := le.popExpired(now, 50)
	le.mu.Unlock()
	if len(found) > 0 {
		le.expiredC <- found
	}
}
