package builder

import "fmt"

type Target struct {
	Name string
	Deps []string
	Cost int
}

// Order lists the targets so that each comes after what it needs.
func Order(targets []Target) ([]Target, error) {
	index := make(map[string]int, len(targets))
	for i, t := range targets {
		index[t.Name] = i // <- hot 18
	}
	users := make([][]int, len(targets))
	missing := make([]int, len(targets))
	for i, t := range targets {
		for _, d := range t.Deps {
			j, ok := index[d] // <- hot 39
			if !ok {
				return nil, fmt.Errorf("%s needs unknown %s", t.Name, d)
			}
			users[j] = append(users[j], i) // <- hot 20
			missing[i]++
		}
	}
	queue := make([]int, 0, len(targets))
	for i, n := range missing {
		if n == 0 {
			queue = append(queue, i)
		}
	}
	out := make([]Target, 0, len(targets))
	for head := 0; head < len(queue); head++ {
		i := queue[head]
		out = append(out, targets[i])
		for _, u := range users[i] {
			if missing[u]--; missing[u] == 0 { // <- hot 12
				queue = append(queue, u)
			}
		}
	}
	if len(out) != len(targets) {
		return nil, fmt.Errorf("cycle among %d targets", len(targets)-len(out))
	}
	return out, nil
}
