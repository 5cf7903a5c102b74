package webhooks

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"
)

type Event struct {
	Delivery string
	Kind     string
	Payload  []byte
}

type seenEntry struct {
	at     time.Time
	digest string
}

type Receiver struct {
	secret []byte
	mu     sync.Mutex
	seen   map[string]seenEntry // <- cost
	byKind map[string]int
	queue  chan Event
}

func NewReceiver(secret string) *Receiver {
	return &Receiver{
		secret: []byte(secret),
		seen:   map[string]seenEntry{},
		byKind: map[string]int{"push": 0, "ping": 0, "other": 0},
		queue:  make(chan Event, 128),
	}
}

func (rc *Receiver) sign(body []byte) string {
	m := hmac.New(sha256.New, rc.secret)
	m.Write(body)
	return hex.EncodeToString(m.Sum(nil)) // <- made 45
}

func (rc *Receiver) fresh(id, digest string) bool {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	if e, ok := rc.seen[id]; ok && time.Since(e.at) < time.Hour {
		return false
	}
	rc.seen[id] = seenEntry{at: time.Now(), digest: digest} // <- made 55 <- cost
	return true
}

func (rc *Receiver) count(kind string) {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	if _, ok := rc.byKind[kind]; !ok {
		kind = "other"
	}
	rc.byKind[kind]++
}

func (rc *Receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	digest := rc.sign(body)
	if !hmac.Equal([]byte(digest), []byte(r.Header.Get("X-Signature"))) {
		http.Error(w, "bad signature", http.StatusForbidden)
		return
	}
	ev := Event{
		Delivery: r.Header.Get("X-Delivery"),
		Kind:     r.Header.Get("X-Event"),
		Payload:  body,
	}
	if !rc.fresh(ev.Delivery, digest) {
		w.WriteHeader(http.StatusOK)
		return
	}
	rc.count(ev.Kind)
	rc.queue <- ev
	w.WriteHeader(http.StatusAccepted)
}

var ErrClosed = errors.New("receiver closed")

func (rc *Receiver) Next() (Event, error) {
	ev, ok := <-rc.queue
	if !ok {
		return Event{}, ErrClosed
	}
	return ev, nil
}
