package audio

type Clip struct {
	Offset  int
	Gain    float32
	Samples []float32
}

type Track struct {
	Muted bool
	Clips []Clip
}

func (c *Clip) mixInto(buf []float32) {
	end := c.Offset + len(c.Samples)
	if end > len(buf) {
		end = len(buf)
	}
	for i := c.Offset; i < end; i++ {
		buf[i] += c.Gain * c.Samples[i-c.Offset] // <- 0
	}
}

func Mixdown(tracks []Track, length int) []float32 {
	buf := make([]float32, length)
	for _, t := range tracks {
		if t.Muted {
			continue
		}
		for i := range t.Clips {
			t.Clips[i].mixInto(buf) // <- 1
		}
	}
	return buf
}
