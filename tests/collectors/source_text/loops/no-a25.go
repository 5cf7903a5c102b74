package hub

import (
	"net"
	"sync"
)

type Conn struct {
	mu     sync.Mutex
	sock   net.Conn
	outbox [][]byte
}

func (c *Conn) Flush() error {
	c.mu.Lock()
	pending := c.outbox
	c.outbox = nil
	c.mu.Unlock()
	for _, msg := range pending {
		if _, err := c.sock.Write(msg); err != nil { // <- 0
			return err
		}
	}
	return nil
}

type Hub struct {
	conns map[uint64]*Conn
}

func (h *Hub) FlushAll() {
	for id, c := range h.conns {
		if err := c.Flush(); err != nil { // <- 1
			c.sock.Close()
			delete(h.conns, id)
		}
	}
}
