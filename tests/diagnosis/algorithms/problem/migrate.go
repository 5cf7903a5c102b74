// Package migrate orders database migrations by their dependencies.
package migrate

import "fmt"

type Migration struct {
	Name  string
	After []string
	Up    func() error
}

func ready(m *Migration, done map[string]bool) bool {
	for _, dep := range m.After { // <- hot 22
		if !done[dep] { // <- hot 56
			return false
		}
	}
	return true
}

// Order returns the migrations so that each follows what it depends on.
func Order(all []*Migration) ([]*Migration, error) {
	done := make(map[string]bool, len(all))
	var out []*Migration
	for len(out) < len(all) { // <- cost
		progress := false
		for _, m := range all { // <- cost
			if !done[m.Name] && ready(m, done) { // <- hot 17
				done[m.Name] = true
				out = append(out, m)
				progress = true
				break
			}
		}
		if !progress {
			return nil, fmt.Errorf("cycle after %d migrations", len(out))
		}
	}
	return out, nil
}

// Run applies all migrations and stops at the first failure.
func Run(all []*Migration) error {
	plan, err := Order(all)
	if err != nil {
		return err
	}
	for _, m := range plan {
		if err := m.Up(); err != nil {
			return fmt.Errorf("%s: %w", m.Name, err)
		}
	}
	return nil
}
