package limit

import (
	"net/http"
	"sync"
	"time"
)

type hit struct {
	ip string
	at time.Time
}

type Limiter struct {
	mu   sync.Mutex
	hits []hit
	Max  int
}

func (l *Limiter) allow(ip string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, h := range l.hits {
		if h.ip == ip && now.Sub(h.at) < time.Minute { // <- 0
			n++
		}
	}
	l.hits = append(l.hits, hit{ip, now})
	return n < l.Max
}

func (l *Limiter) Serve(queue <-chan *http.Request, next func(*http.Request)) {
	for r := range queue { // <- outer
		if l.allow(r.RemoteAddr, time.Now()) { // <- 1
			next(r)
		}
	}
}
