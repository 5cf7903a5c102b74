package raid

type Stripe struct {
	Disks  [][]byte
	Parity []byte
}

func xorInto(dst, src []byte) {
	for i := range dst {
		dst[i] ^= src[i] // <- 0
	}
}

func (s *Stripe) rebuild() {
	for i := range s.Parity {
		s.Parity[i] = 0
	}
	for _, d := range s.Disks {
		xorInto(s.Parity, d) // <- 1
	}
}

func Scrub(next func() (*Stripe, bool)) (n int) {
	for s, ok := next(); ok; s, ok = next() {
		s.rebuild() // <- 2
		n++
	}
	return n
}
