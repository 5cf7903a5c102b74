package series

type Sample struct {
	T int64
	V float64
}

type Pair struct{ A, B float64 }

func Join(left, right []Sample, slack int64) []Pair {
	var out []Pair
	j := 0
	for i := 0; i < len(left); i++ {
		for j < len(right) && right[j].T < left[i].T-slack {
			j++ // <- 0
		}
		if j < len(right) && right[j].T <= left[i].T+slack {
			out = append(out, Pair{left[i].V, right[j].V})
		}
	}
	return out
}

type Device struct{ Temp, Load []Sample }

func JoinAll(devs map[string]*Device) map[string][]Pair {
	out := make(map[string][]Pair, len(devs))
	for name, d := range devs {
		out[name] = Join(d.Temp, d.Load, 50) // <- 1
	}
	return out
}
