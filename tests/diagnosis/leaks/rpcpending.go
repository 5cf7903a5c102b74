package rpcmux

import (
	"bufio"
	"context"
	"encoding/binary"
	"io"
	"net"
	"sync"
	"sync/atomic"
)

type frame struct {
	id   uint64
	body []byte
}

type call struct {
	method string
	body   []byte
	done   chan frame
}

type Conn struct {
	nc      net.Conn
	seq     atomic.Uint64
	wmu     sync.Mutex
	mu      sync.Mutex
	pending map[uint64]*call
	errs    []error
}

func Dial(addr string) (*Conn, error) {
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	c := &Conn{nc: nc, pending: make(map[uint64]*call)}
	go c.readLoop()
	return c, nil
}

func encode(id uint64, method string, args []byte) []byte {
	buf := make([]byte, 0, 16+len(method)+len(args)) // <- made 75
	buf = binary.BigEndian.AppendUint64(buf, id)
	buf = binary.BigEndian.AppendUint32(buf, uint32(len(method)+len(args)))
	buf = append(buf, method...)
	return append(buf, args...)
}

func (c *Conn) Call(ctx context.Context, method string, args []byte) ([]byte, error) {
	id := c.seq.Add(1)
	cl := &call{
		method: method,
		body:   encode(id, method, args),
		done:   make(chan frame, 1), // <- made 25
	}
	c.mu.Lock()
	c.pending[id] = cl // <- cost
	c.mu.Unlock()

	c.wmu.Lock()
	_, err := c.nc.Write(cl.body)
	c.wmu.Unlock()
	if err != nil {
		c.mu.Lock()
		delete(c.pending, id)
		c.mu.Unlock()
		return nil, err
	}
	select {
	case f := <-cl.done:
		return f.body, nil
	case <-ctx.Done():
		return nil, ctx.Err() // <- cost
	}
}

func (c *Conn) readLoop() {
	br := bufio.NewReader(c.nc)
	hdr := make([]byte, 12)
	for {
		if _, err := io.ReadFull(br, hdr); err != nil {
			c.errs = append(c.errs, err)
			return
		}
		f := frame{
			id:   binary.BigEndian.Uint64(hdr),
			body: make([]byte, binary.BigEndian.Uint32(hdr[8:])),
		}
		if _, err := io.ReadFull(br, f.body); err != nil {
			c.errs = append(c.errs, err)
			return
		}
		c.mu.Lock()
		cl := c.pending[f.id]
		delete(c.pending, f.id)
		c.mu.Unlock()
		if cl != nil {
			cl.done <- f
		}
	}
}
