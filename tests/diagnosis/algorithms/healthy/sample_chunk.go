package chunk

import (
	"io"
	"math"
	"math/bits"
)

type bitReader struct {
	stream []byte
	pos    int
	buffer uint64
	valid  uint
}

func (r *bitReader) readBits(n uint) (uint64, error) {
	for r.valid < n {
		if r.pos == len(r.stream) {
			return 0, io.EOF
		}
		r.buffer = r.buffer<<8 | uint64(r.stream[r.pos]) // <- hot 29
		r.pos++
		r.valid += 8
	}
	r.valid -= n
	return r.buffer >> r.valid & (1<<n - 1), nil // <- hot 18
}

type Iterator struct {
	br    bitReader
	left  int
	t     int64
	delta int64
	val   float64
	err   error
}

func NewIterator(b []byte, n int) *Iterator {
	return &Iterator{br: bitReader{stream: b}, left: n}
}

var dodSizes = [...]uint{0, 14, 17, 20, 32}

func (it *Iterator) readDelta() (int64, error) {
	prefix := 0
	for prefix < len(dodSizes)-1 {
		bit, err := it.br.readBits(1) // <- hot 13
		if err != nil {
			return 0, err
		}
		if bit == 0 {
			break
		}
		prefix++
	}
	size := dodSizes[prefix]
	if size == 0 {
		return 0, nil
	}
	v, err := it.br.readBits(size)
	return int64(v<<(64-size)) >> (64 - size), err
}

func (it *Iterator) Next() bool {
	if it.left == 0 || it.err != nil {
		return false
	}
	it.left--
	var dod int64
	if dod, it.err = it.readDelta(); it.err != nil {
		return false
	}
	it.delta += dod
	it.t += it.delta
	it.val, it.err = it.readValue()
	return it.err == nil
}

func (it *Iterator) readValue() (float64, error) {
	size, err := it.br.readBits(5)
	if err != nil || size == 0 {
		return it.val, err
	}
	v, err := it.br.readBits(uint(size))
	x := math.Float64bits(it.val) ^ bits.Reverse64(v) // <- hot 15
	return math.Float64frombits(x), err
}

func (it *Iterator) At() (int64, float64) { return it.t, it.val }
