package snapfile

import "encoding/binary"

const (
	hashBits = 14
	minMatch = 4
	maxDist  = 1 << 16
)

func hash(v uint32) uint32 {
	return (v * 2654435761) >> (32 - hashBits)
}

func emit(dst, lit []byte, dist, length int) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(lit)))
	dst = append(dst, lit...) // <- hot 15
	dst = binary.AppendUvarint(dst, uint64(dist))
	return binary.AppendUvarint(dst, uint64(length))
}

// Compress writes literal runs and back references.
func Compress(dst, src []byte) []byte {
	var table [1 << hashBits]int32
	start, i := 0, 0
	for i+minMatch <= len(src) {
		v := binary.LittleEndian.Uint32(src[i:]) // <- hot 14
		h := hash(v)
		cand := int(table[h]) - 1 // <- hot 26
		table[h] = int32(i + 1)
		if cand < 0 || i-cand > maxDist || binary.LittleEndian.Uint32(src[cand:]) != v {
			i++
			continue
		}
		n := minMatch
		for i+n < len(src) && src[cand+n] == src[i+n] { // <- hot 30
			n++
		}
		dst = emit(dst, src[start:i], i-cand, n)
		i += n
		start = i
	}
	return emit(dst, src[start:], 0, 0)
}
