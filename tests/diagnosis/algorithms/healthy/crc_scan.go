package backup

import (
	"bufio"
	"fmt"
	"io"
)

type Table [256]uint32

func MakeTable(poly uint32) *Table {
	t := new(Table)
	for i := range t {
		c := uint32(i)
		for k := 0; k < 8; k++ {
			if c&1 == 1 {
				c = c>>1 ^ poly
			} else {
				c >>= 1
			}
		}
		t[i] = c
	}
	return t
}

func (t *Table) update(crc uint32, p []byte) uint32 {
	crc = ^crc
	for _, b := range p {
		crc = t[byte(crc)^b] ^ crc>>8 // <- hot 84
	}
	return ^crc
}

// Verify reads blocks of fixed size and compares their sums.
func Verify(r io.Reader, block int, want []uint32, t *Table) error {
	br := bufio.NewReaderSize(r, 1<<20)
	buf := make([]byte, block)
	for i, w := range want {
		n, err := io.ReadFull(br, buf) // <- hot 11
		if err != nil && err != io.ErrUnexpectedEOF {
			return err
		}
		if got := t.update(0, buf[:n]); got != w {
			return fmt.Errorf("block %d: %08x, want %08x", i, got, w)
		}
	}
	return nil
}
