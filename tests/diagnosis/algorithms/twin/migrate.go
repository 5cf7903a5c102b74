// Package migrate orders database migrations by their dependencies.
package migrate

import "fmt"

type Migration struct {
	Name  string
	After []string
	Up    func() error
}

// Order returns the migrations so that each follows what it depends on.
func Order(all []*Migration) ([]*Migration, error) {
	waiting := make(map[string]int, len(all))
	unlocks := make(map[string][]*Migration, len(all))
	var queue []*Migration
	for _, m := range all {
		waiting[m.Name] = len(m.After) // <- hot 16
		for _, dep := range m.After {
			unlocks[dep] = append(unlocks[dep], m) // <- hot 35
		}
		if len(m.After) == 0 {
			queue = append(queue, m)
		}
	}
	for i := 0; i < len(queue); i++ {
		for _, m := range unlocks[queue[i].Name] { // <- hot 13
			waiting[m.Name]-- // <- hot 24
			if waiting[m.Name] == 0 {
				queue = append(queue, m)
			}
		}
	}
	if len(queue) < len(all) {
		return nil, fmt.Errorf("cycle after %d migrations", len(queue))
	}
	return queue, nil
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
