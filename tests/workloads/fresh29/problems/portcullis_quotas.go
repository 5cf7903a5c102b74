// expect: pattern=memory-growth bench
// Quotas at the portcullis: a limiter beside the public gateways. For every call the gateways ask whether the caller (an
// address with the fingerprint of its browser) has been too busy: at most 60 calls in 5 seconds, and never 12 in one.
// Few callers stay; most come by for some calls and are not seen again.
//
// Measured: the problem from 44 to 173 MB in 65 s (190 MB after 85 s), the twin 30-33 MB throughout.
package main

import (
	"fmt"
	"hash/maphash"
	"math/rand"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

const (
	shards     = 64
	window     = 5 * time.Second
	perWindow  = 60
	burst      = 12
	newCallers = 3200 // a second
	passers    = 320000
	regulars   = 300
	gateways   = 4
)

// bucket holds the times of the last calls of a caller, as a ring.
type bucket struct {
	at   [perWindow]int64
	next int
	held int
	last int64
}

// count says how many of the calls are younger than the age.
func (b *bucket) count(now int64, age time.Duration) int {
	n := 0
	for i := 0; i < b.held; i++ {
		at := b.at[(b.next-1-i+2*perWindow)%perWindow]
		if now-at >= int64(age) {
			break
		}
		n++
	}
	return n
}

func (b *bucket) note(now int64) {
	b.at[b.next] = now
	b.next = (b.next + 1) % perWindow
	if b.held < perWindow {
		b.held++
	}
	b.last = now
}

type shard struct {
	sync.Mutex
	buckets map[string]*bucket
}

// Limiter is safe for the use of many gateways.
type Limiter struct {
	seed    maphash.Seed
	shards  [shards]shard
	refused int64
	allowed int64
}

func NewLimiter() *Limiter {
	l := &Limiter{seed: maphash.MakeSeed()}
	for i := range l.shards {
		l.shards[i].buckets = map[string]*bucket{}
	}
	return l
}

func (l *Limiter) shardOf(caller string) *shard {
	return &l.shards[maphash.String(l.seed, caller)%shards]
}

// Allow says whether the caller may go on, and counts the call if so.
func (l *Limiter) Allow(caller string, now time.Time) bool {
	s := l.shardOf(caller)
	at := now.UnixNano()
	s.Lock()
	defer s.Unlock()
	b := s.buckets[caller]
	if b == nil {
		b = &bucket{}         // <- cost
		s.buckets[caller] = b // <- cost
	}
	if b.count(at, window) >= perWindow || b.count(at, time.Second) >= burst {
		atomic.AddInt64(&l.refused, 1)
		return false
	}
	b.note(at)
	atomic.AddInt64(&l.allowed, 1)
	return true
}

func callerName(number int) string {
	return fmt.Sprintf("10.%d.%d.%d/%08x", number>>16&255, number>>8&255, number&255, uint32(number)*2654435761)
}

// gateway asks about the calls that one public gateway gets.
func gateway(number int, limiter *Limiter) {
	random := rand.New(rand.NewSource(int64(number)))
	known := make([]string, regulars)
	for i := range known {
		known[i] = callerName(400000 + i)
	}
	const tick = 25 * time.Millisecond
	perTick := newCallers / gateways * int(tick/time.Millisecond) / 1000
	at := number * (passers / gateways)
	for now := range time.Tick(tick) {
		for i := 0; i < perTick; i++ {
			caller := callerName(at % passers)
			at++
			for calls := 1 + random.Intn(4); calls > 0; calls-- {
				limiter.Allow(caller, now)
			}
		}
		for i := 0; i < 12; i++ {
			limiter.Allow(known[random.Intn(regulars)], now)
		}
	}
}

func main() {
	limiter := NewLimiter()
	for i := 0; i < gateways; i++ {
		go gateway(i, limiter)
	}
	time.Sleep(4*window + time.Second) // until the first windows are full
	fmt.Println("ready", os.Getpid())
	for range time.Tick(15 * time.Second) {
		fmt.Fprintln(os.Stderr, "allowed", atomic.LoadInt64(&limiter.allowed), "refused", atomic.LoadInt64(&limiter.refused))
	}
}
