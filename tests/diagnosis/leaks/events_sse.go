package events

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"
)

const replayMax = 256

type Event struct {
	Topic string          `json:"topic"`
	At    time.Time       `json:"at"`
	Data  json.RawMessage `json:"data"`
}

type subscriber struct {
	id     uint64
	topics map[string]bool
	ch     chan Event
	lost   int
}

type Broker struct {
	mu     sync.RWMutex
	nextID uint64
	subs   map[uint64]*subscriber // <- cost
	replay []Event
	counts map[string]uint64
}

func NewBroker() *Broker {
	return &Broker{subs: make(map[uint64]*subscriber), counts: make(map[string]uint64)}
}

func newSubscriber(id uint64, topics []string) *subscriber {
	set := make(map[string]bool, len(topics))
	for _, t := range topics {
		set[t] = true
	}
	return &subscriber{id: id, topics: set, ch: make(chan Event, 512)} // <- made 100
}

func (b *Broker) subscribe(topics []string) (*subscriber, []Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.nextID++
	s := newSubscriber(b.nextID, topics)
	b.subs[s.id] = s // <- cost
	return s, append([]Event(nil), b.replay...)
}

func (b *Broker) unsubscribe(s *subscriber) {
	b.mu.Lock()
	delete(b.subs, s.id)
	b.mu.Unlock()
}

func (b *Broker) Publish(e Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.counts[e.Topic]++
	b.replay = append(b.replay, e)
	if len(b.replay) > replayMax {
		b.replay = append(b.replay[:0:0], b.replay[len(b.replay)-replayMax:]...)
	}
	for _, s := range b.subs {
		if !s.topics[e.Topic] {
			continue
		}
		select {
		case s.ch <- e:
		default:
			s.lost++
		}
	}
}

func (b *Broker) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	flusher := w.(http.Flusher)
	w.Header().Set("Content-Type", "text/event-stream")
	sub, backlog := b.subscribe(r.URL.Query()["topic"])
	for _, e := range backlog {
		if sub.topics[e.Topic] && write(w, e) != nil {
			b.unsubscribe(sub)
			return
		}
	}
	flusher.Flush()
	for {
		select {
		case e := <-sub.ch:
			if write(w, e) != nil {
				b.unsubscribe(sub)
				return
			}
			flusher.Flush()
		case <-r.Context().Done():
			return // <- cost
		}
	}
}

func write(w http.ResponseWriter, e Event) error {
	body, _ := json.Marshal(e)
	_, err := fmt.Fprintf(w, "data: %s\n\n", body)
	return err
}
