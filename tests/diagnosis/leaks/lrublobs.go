package blobcache

import (
	"compress/gzip"
	"container/list"
	"io"
	"os"
	"path/filepath"
	"sync"
)

type blob struct {
	key  string
	data []byte
	refs int
}

type Cache struct {
	root    string
	limit   int
	mu      sync.Mutex
	order   *list.List
	index   map[string]*list.Element
	loading map[string]chan struct{}
	misses  map[string]int
}

func New(root string, limit int) *Cache {
	return &Cache{
		root:    root,
		limit:   limit,
		order:   list.New(),
		index:   make(map[string]*list.Element),
		loading: make(map[string]chan struct{}),
		misses:  make(map[string]int),
	}
}

func (c *Cache) load(key string) (*blob, error) {
	f, err := os.Open(filepath.Join(c.root, key+".gz"))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	zr, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	defer zr.Close()
	data, err := io.ReadAll(zr) // <- made 100
	if err != nil {
		return nil, err
	}
	return &blob{key: key, data: data}, nil
}

func (c *Cache) Get(key string) ([]byte, error) {
	c.mu.Lock()
	if el, ok := c.index[key]; ok {
		c.order.MoveToFront(el)
		c.mu.Unlock()
		return el.Value.(*blob).data, nil
	}
	if wait, ok := c.loading[key]; ok {
		c.mu.Unlock()
		<-wait
		return c.Get(key)
	}
	wait := make(chan struct{})
	c.loading[key] = wait
	c.mu.Unlock()

	b, err := c.load(key)

	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.loading, key)
	close(wait)
	if err != nil {
		return nil, err
	}
	c.index[key] = c.order.PushFront(b) // <- cost
	c.trim()
	return b.data, nil
}

func (c *Cache) trim() {
	for c.order.Len() > c.limit {
		last := c.order.Back()
		c.order.Remove(last) // <- cost
		delete(c.misses, last.Value.(*blob).key)
	}
}

func (c *Cache) Len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.order.Len()
}
