package wire

import "errors"

var errShort = errors.New("short buffer")

func uvarint(b []byte) (uint64, int) {
	var v uint64
	var shift uint
	for i, c := range b {
		if c < 0x80 { // <- 0
			return v | uint64(c)<<shift, i + 1
		}
		v |= uint64(c&0x7f) << shift
		shift += 7
	}
	return 0, 0
}

func Deltas(b []byte) ([]uint64, error) {
	var out []uint64
	var last uint64
	for len(b) > 0 {
		d, n := uvarint(b) // <- 1
		if n == 0 {
			return nil, errShort
		}
		last += d
		out = append(out, last)
		b = b[n:]
	}
	return out, nil
}
