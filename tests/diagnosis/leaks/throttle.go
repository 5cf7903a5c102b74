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
	window []time.Time
}

type Throttle struct {
	rate    float64
	burst   int
	mu      sync.Mutex
	buckets map[string]*bucket // <- cost
	banned  map[string]time.Time
	allow   map[string]bool
}

func NewThrottle(rate float64, burst int, allow []string) *Throttle {
	t := &Throttle{
		rate:    rate,
		burst:   burst,
		buckets: make(map[string]*bucket),
		banned:  make(map[string]time.Time),
		allow:   make(map[string]bool),
	}
	for _, a := range allow {
		t.allow[a] = true
	}
	go t.sweep()
	return t
}

func (t *Throttle) sweep() {
	for now := range time.Tick(time.Minute) {
		t.mu.Lock()
		for ip, until := range t.banned {
			if now.After(until) {
				delete(t.banned, ip) // <- cost
			}
		}
		t.mu.Unlock()
	}
}

func (t *Throttle) fill(now time.Time) *bucket {
	return &bucket{
		tokens: float64(t.burst),
		last:   now,
		window: make([]time.Time, 0, t.burst), // <- made 85
	}
}

func clientAddr(r *http.Request) string {
	if fwd := r.Header.Get("X-Forwarded-For"); fwd != "" {
		first, _, _ := strings.Cut(fwd, ",")
		return strings.TrimSpace(first)
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

func (t *Throttle) take(ip string, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, no := t.banned[ip]; no {
		return false
	}
	b, ok := t.buckets[ip]
	if !ok {
		b = t.fill(now)
		t.buckets[ip] = b // <- made 15 <- cost
	}
	b.tokens = min(float64(t.burst), b.tokens+now.Sub(b.last).Seconds()*t.rate)
	b.last = now
	if b.tokens < 1 {
		if len(b.window) == cap(b.window) {
			b.window = b.window[:0]
			t.banned[ip] = now.Add(10 * time.Minute)
		}
		b.window = append(b.window, now)
		return false
	}
	b.tokens--
	return true
}

func (t *Throttle) Middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ip := clientAddr(r)
		if !t.allow[ip] && !t.take(ip, time.Now()) {
			http.Error(w, "slow down", http.StatusTooManyRequests)
			return
		}
		next.ServeHTTP(w, r)
	})
}
