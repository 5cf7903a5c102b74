package gateway

import (
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

type bucket struct {
	tokens float64
	last   time.Time
	recent [32]time.Time
	n      int
}

func (b *bucket) take(now time.Time, rate, burst float64) bool {
	b.tokens += now.Sub(b.last).Seconds() * rate
	if b.tokens > burst {
		b.tokens = burst
	}
	b.last = now
	b.recent[b.n%len(b.recent)] = now
	b.n++
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}

// Limiter throttles callers by address.
type Limiter struct {
	mu      sync.Mutex
	rate    float64
	burst   float64
	clients map[string]*bucket // <- cost
	exempt  map[string]struct{}
	denied  map[string]int
	resetAt time.Time
}

func NewLimiter(rate, burst float64, exempt []string) *Limiter {
	l := &Limiter{
		rate:    rate,
		burst:   burst,
		clients: make(map[string]*bucket),
		exempt:  make(map[string]struct{}, len(exempt)),
		denied:  make(map[string]int),
		resetAt: time.Now().Add(time.Minute),
	}
	for _, e := range exempt {
		l.exempt[e] = struct{}{}
	}
	return l
}

func newBucket(now time.Time, burst float64) *bucket {
	return &bucket{tokens: burst, last: now} // <- made 90
}

func (l *Limiter) Allow(addr string) bool {
	if _, ok := l.exempt[addr]; ok {
		return true
	}
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.After(l.resetAt) {
		l.denied = make(map[string]int)
		l.resetAt = now.Add(time.Minute)
	}
	b, ok := l.clients[addr]
	if !ok {
		b = newBucket(now, l.burst)
		l.clients[addr] = b // <- cost  // <- made 10
	}
	if b.take(now, l.rate, l.burst) {
		return true
	}
	l.denied[addr]++
	return false
}

func callerOf(r *http.Request) string {
	if fwd := r.Header.Get("X-Forwarded-For"); fwd != "" {
		parts := strings.Split(fwd, ",")
		return strings.TrimSpace(parts[0])
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

func (l *Limiter) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !l.Allow(callerOf(r)) {
			w.Header().Set("Retry-After", "1")
			http.Error(w, "slow down", http.StatusTooManyRequests)
			return
		}
		next.ServeHTTP(w, r)
	})
}
