package risk

type Bar struct {
	Day   int
	Close float64
}

type Window struct {
	Day  int
	High float64
	Drop float64
}

type entry struct {
	idx int
	val float64
}

// RollingDrop gives for each day the fall from the highest close of the last n days.
func RollingDrop(bars []Bar, n int) []Window {
	out := make([]Window, 0, len(bars))
	queue := make([]entry, 0, n+1)
	head := 0
	for i, b := range bars {
		for len(queue) > head && queue[len(queue)-1].val <= b.Close { // <- hot 34
			queue = queue[:len(queue)-1]
		}
		queue = append(queue, entry{i, b.Close}) // <- hot 19
		if queue[head].idx <= i-n {
			head++
		}
		high := queue[head].val
		out = append(out, Window{b.Day, high, 1 - b.Close/high}) // <- hot 30
	}
	return out
}

func Worst(series map[string][]Bar, n int) (name string, worst float64) {
	for k, bars := range series {
		for _, w := range RollingDrop(bars, n) { // <- hot 9
			if w.Drop > worst {
				name, worst = k, w.Drop
			}
		}
	}
	return name, worst
}
