package webkit

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"
)

var (
	varsMu  sync.RWMutex
	vars    = make(map[*http.Request]map[interface{}]interface{}) // <- cost
	created = make(map[*http.Request]int64)
)

type key int

const (
	sessionKey key = iota
	userKey
)

func Set(r *http.Request, k, v interface{}) {
	varsMu.Lock()
	defer varsMu.Unlock()
	if vars[r] == nil {
		vars[r] = make(map[interface{}]interface{}) // <- made 10 <- cost
		created[r] = time.Now().Unix()              // <- cost
	}
	vars[r][k] = v // <- made 40
}

func Get(r *http.Request, k interface{}) interface{} {
	varsMu.RLock()
	defer varsMu.RUnlock()
	return vars[r][k]
}

func Clear(r *http.Request) {
	varsMu.Lock()
	defer varsMu.Unlock()
	delete(vars, r)
	delete(created, r)
}

type Session struct {
	ID     string
	Values map[string]string
	Flash  []string
}

type Store interface {
	Load(id string) (map[string]string, error)
}

type App struct {
	routes map[string]http.HandlerFunc
	store  Store
	limits map[string]int
	mu     sync.Mutex
}

func (a *App) session(r *http.Request) (*Session, error) {
	if s, ok := Get(r, sessionKey).(*Session); ok {
		return s, nil
	}
	s := &Session{}
	if c, err := r.Cookie("sid"); err == nil {
		s.ID = c.Value
		if s.Values, err = a.store.Load(c.Value); err != nil {
			return nil, err
		}
	}
	Set(r, sessionKey, s)
	return s, nil
}

func (a *App) enter(addr string, delta int) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	host := strings.SplitN(addr, ":", 2)[0]
	a.limits[host] += delta
	n := a.limits[host]
	if n <= 0 {
		delete(a.limits, host)
	}
	return n
}

func (a *App) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer Clear(r) // <- cost
	defer a.enter(r.RemoteAddr, -1)
	if a.enter(r.RemoteAddr, 1) > 64 {
		http.Error(w, "slow down", http.StatusTooManyRequests)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), 10*time.Second)
	defer cancel()
	req := r.WithContext(ctx) // <- made 35
	if _, err := a.session(req); err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	if h, ok := a.routes[req.URL.Path]; ok {
		h(w, req)
	}
}
