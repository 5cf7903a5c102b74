package thumbs

import (
	"container/list"
	"sync"
)

type Image []byte

type Render func(path string) (Image, error)

type entry struct {
	path string
	img  Image
}

// Cache keeps the most recently used thumbnails in memory.
type Cache struct {
	mu     sync.Mutex
	limit  int
	images map[string]*list.Element
	recent *list.List
	render Render
}

func NewCache(limit int, r Render) *Cache {
	return &Cache{limit: limit, images: map[string]*list.Element{}, recent: list.New(), render: r}
}

func (c *Cache) Get(path string) (Image, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if el, ok := c.images[path]; ok { // <- hot 49
		c.recent.MoveToFront(el) // <- hot 14
		return el.Value.(*entry).img, nil
	}
	img, err := c.render(path) // <- hot 21
	if err != nil {
		return nil, err
	}
	c.images[path] = c.recent.PushFront(&entry{path, img})
	for c.recent.Len() > c.limit {
		last := c.recent.Remove(c.recent.Back()).(*entry)
		delete(c.images, last.path)
	}
	return img, nil
}

// Warm renders a gallery page ahead of its visitors.
func (c *Cache) Warm(paths []string) (failed int) {
	for _, p := range paths {
		if _, err := c.Get(p); err != nil {
			failed++
		}
	}
	return failed
}
