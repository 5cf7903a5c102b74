package chathub

import (
	"encoding/json"
	"sync"
	"time"
)

type Message struct {
	Room   string    `json:"room"`
	Author string    `json:"author"`
	Body   string    `json:"body"`
	At     time.Time `json:"at"`
}

type client struct {
	name string
	out  chan []byte
}

type room struct {
	name    string
	members map[*client]struct{}
	backlog []*Message
}

type Hub struct {
	mu     sync.Mutex
	rooms  map[string]*room // <- cost
	online map[string]*client
	recent []string
}

func NewHub() *Hub {
	return &Hub{
		rooms:  make(map[string]*room),
		online: make(map[string]*client),
	}
}

func newRoom(name string) *room {
	return &room{
		name:    name,
		members: make(map[*client]struct{}, 8), // <- made 35
		backlog: make([]*Message, 0, 64),       // <- made 65
	}
}

func (h *Hub) Join(name, roomName string) *client {
	h.mu.Lock()
	defer h.mu.Unlock()
	c, ok := h.online[name]
	if !ok {
		c = &client{name: name, out: make(chan []byte, 32)}
		h.online[name] = c
	}
	r, ok := h.rooms[roomName]
	if !ok {
		r = newRoom(roomName)
		h.rooms[roomName] = r // <- cost
	}
	r.members[c] = struct{}{}
	h.recent = append(h.recent, roomName)
	if len(h.recent) > 20 {
		h.recent = append(h.recent[:0], h.recent[len(h.recent)-20:]...)
	}
	return c
}

func (h *Hub) Leave(c *client) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, r := range h.rooms {
		delete(r.members, c) // <- cost
	}
	delete(h.online, c.name)
	close(c.out)
}

func (h *Hub) Post(raw []byte) error {
	msg := new(Message)
	if err := json.Unmarshal(raw, msg); err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	r := h.rooms[msg.Room]
	if r == nil {
		return nil
	}
	if len(r.backlog) == cap(r.backlog) {
		copy(r.backlog, r.backlog[1:])
		r.backlog = r.backlog[:len(r.backlog)-1]
	}
	r.backlog = append(r.backlog, msg)
	for c := range r.members {
		select {
		case c.out <- raw:
		default:
		}
	}
	return nil
}
