package controller

import (
	"context"
	"fmt"
	"math"
	"sync"
	"time"
)

type backoffLimiter struct {
	mu       sync.Mutex
	failures map[string]int // <- cost
	base     time.Duration
	max      time.Duration
}

func newBackoffLimiter(base, max time.Duration) *backoffLimiter {
	return &backoffLimiter{failures: make(map[string]int), base: base, max: max}
}

func (l *backoffLimiter) When(key string) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := l.failures[key]
	l.failures[key] = n + 1 // <- made 40 <- cost
	d := float64(l.base) * math.Pow(2, float64(n))
	if d > float64(l.max) {
		return l.max
	}
	return time.Duration(d)
}

func (l *backoffLimiter) Forget(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.failures, key)
}

type workQueue struct {
	cond       *sync.Cond
	order      []string
	dirty      map[string]struct{}
	processing map[string]struct{}
}

func newWorkQueue() *workQueue {
	return &workQueue{
		cond:       sync.NewCond(&sync.Mutex{}),
		dirty:      make(map[string]struct{}),
		processing: make(map[string]struct{}),
	}
}

func (q *workQueue) Add(key string) {
	q.cond.L.Lock()
	defer q.cond.L.Unlock()
	if _, ok := q.dirty[key]; ok {
		return
	}
	q.dirty[key] = struct{}{}
	if _, busy := q.processing[key]; !busy {
		q.order = append(q.order, key)
		q.cond.Signal()
	}
}

func (q *workQueue) Get() string {
	q.cond.L.Lock()
	defer q.cond.L.Unlock()
	for len(q.order) == 0 {
		q.cond.Wait()
	}
	key := q.order[0]
	q.order = q.order[1:]
	q.processing[key] = struct{}{}
	delete(q.dirty, key)
	return key
}

func (q *workQueue) Done(key string) {
	q.cond.L.Lock()
	defer q.cond.L.Unlock()
	delete(q.processing, key)
	if _, again := q.dirty[key]; again {
		q.order = append(q.order, key)
	}
}

type PodController struct {
	queue   *workQueue
	limiter *backoffLimiter
	sync    func(ctx context.Context, key string) error
}

func (c *PodController) OnDelete(namespace, name, uid string) {
	c.queue.Add(fmt.Sprintf("%s/%s/%s", namespace, name, uid)) // <- made 60
}

func (c *PodController) processNext(ctx context.Context) {
	key := c.queue.Get()
	defer c.queue.Done(key)
	if err := c.sync(ctx, key); err != nil { // <- cost
		delay := c.limiter.When(key)
		time.AfterFunc(delay, func() { c.queue.Add(key) })
	}
}
