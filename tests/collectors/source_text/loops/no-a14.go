package report

import "sort"

type Sale struct {
	Region string
	Seller string
	Cents  int64
}

func ByRegion(sales []Sale) map[string]int64 {
	groups := make(map[string][]Sale)
	for _, s := range sales {
		groups[s.Region] = append(groups[s.Region], s)
	}
	names := make([]string, 0, len(groups))
	for name := range groups {
		names = append(names, name)
	}
	sort.Strings(names)
	out := make(map[string]int64, len(names))
	for _, name := range names {
		var sum int64
		for _, s := range groups[name] {
			sum += s.Cents // <- 0
		}
		out[name] = sum
	}
	return out
}
