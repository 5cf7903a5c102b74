package thumbs

import "sync"

type Image []byte

type Render func(path string) (Image, error)

// Cache keeps the most recently used thumbnails in memory.
type Cache struct {
	mu     sync.Mutex
	limit  int
	images map[string]Image
	recent []string
	render Render
}

func NewCache(limit int, r Render) *Cache {
	return &Cache{limit: limit, images: map[string]Image{}, render: r}
}

func (c *Cache) touch(path string) {
	for i, p := range c.recent { // <- hot 18
		if p == path { // <- cost hot 51
			copy(c.recent[i:], c.recent[i+1:]) // <- cost hot 21
			c.recent[len(c.recent)-1] = path
			return
		}
	}
	c.recent = append(c.recent, path)
}

func (c *Cache) evict() {
	for len(c.recent) > c.limit {
		delete(c.images, c.recent[0])
		c.recent = c.recent[1:]
	}
}

func (c *Cache) Get(path string) (Image, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	img, ok := c.images[path]
	if !ok {
		var err error
		if img, err = c.render(path); err != nil {
			return nil, err
		}
		c.images[path] = img
	}
	c.touch(path)
	c.evict()
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
