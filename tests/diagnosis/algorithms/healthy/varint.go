package wire

import "errors"

var ErrShort = errors.New("wire: short buffer")

// Column is a delta and zigzag coded series of integers.
type Column struct {
	buf  []byte
	last int64
	n    int
}

func zigzag(v int64) uint64 { return uint64(v<<1) ^ uint64(v>>63) }

func unzigzag(u uint64) int64 { return int64(u>>1) ^ -int64(u&1) }

// Append adds one value to the column.
func (c *Column) Append(v int64) {
	u := zigzag(v - c.last)
	for u >= 0x80 { // <- hot 9
		c.buf = append(c.buf, byte(u)|0x80) // <- hot 18
		u >>= 7
	}
	c.buf = append(c.buf, byte(u))
	c.last = v
	c.n++
}

// Decode restores all values into dst.
func (c *Column) Decode(dst []int64) ([]int64, error) {
	pos := 0
	var last int64
	for i := 0; i < c.n; i++ {
		var u uint64
		var shift uint
		for {
			if pos >= len(c.buf) {
				return dst, ErrShort
			}
			b := c.buf[pos] // <- hot 24
			pos++
			u |= uint64(b&0x7f) << shift // <- hot 27
			if b < 0x80 {
				break
			}
			shift += 7
		}
		last += unzigzag(u)
		dst = append(dst, last)
	}
	return dst, nil
}

func (c *Column) Size() int { return len(c.buf) }
