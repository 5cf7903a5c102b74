package chunker

import (
	"crypto/sha256"
	"io"
)

const (
	window  = 64
	minSize = 2 << 10
	maxSize = 64 << 10
	mask    = 1<<13 - 1
)

type Chunk struct {
	Sum  [32]byte
	Size int
}

type Chunker struct {
	table [256]uint32
	seen  map[[32]byte]int
}

func New(seed uint32) *Chunker {
	c := &Chunker{seen: make(map[[32]byte]int)}
	v := seed
	for i := range c.table {
		v ^= v << 13
		v ^= v >> 17
		v ^= v << 5
		c.table[i] = v
	}
	return c
}

func rotl(v uint32, n uint) uint32 { return v<<(n&31) | v>>(32-n&31) }

// cut finds the end of the first chunk of the data.
func (c *Chunker) cut(data []byte) int {
	if len(data) <= minSize {
		return len(data)
	}
	end := min(len(data), maxSize)
	var h uint32
	for i := minSize - window; i < end; i++ { // <- hot 13
		h = rotl(h, 1) ^ c.table[data[i]] // <- hot 26
		if i >= minSize {
			h ^= rotl(c.table[data[i-window]], window) // <- hot 17
			if h&mask == mask {
				return i + 1
			}
		}
	}
	return end
}

// Split reads everything and returns the chunks that were not seen before.
func (c *Chunker) Split(r io.Reader) ([]Chunk, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	var fresh []Chunk
	for len(data) > 0 {
		n := c.cut(data)
		sum := sha256.Sum256(data[:n]) // <- hot 36
		if c.seen[sum] == 0 {
			fresh = append(fresh, Chunk{sum, n})
		}
		c.seen[sum]++
		data = data[n:]
	}
	return fresh, nil
}
