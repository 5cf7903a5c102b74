package inventory

type Change struct {
	SKU  string
	From int
	To   int
}

type Item struct {
	SKU string
	Qty int
}

// Diff expects both lists in SKU order.
func Diff(old, cur []Item) []Change {
	var out []Change
	j := 0
	for i := range cur {
		for j < len(old) && old[j].SKU < cur[i].SKU { // <- 0
			out = append(out, Change{old[j].SKU, old[j].Qty, 0})
			j++
		}
		if j < len(old) && old[j].SKU == cur[i].SKU {
			if old[j].Qty != cur[i].Qty {
				out = append(out, Change{cur[i].SKU, old[j].Qty, cur[i].Qty})
			}
			j++
			continue
		}
		out = append(out, Change{cur[i].SKU, 0, cur[i].Qty})
	}
	for ; j < len(old); j++ {
		out = append(out, Change{old[j].SKU, old[j].Qty, 0})
	}
	return out
}
