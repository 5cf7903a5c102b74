package migrate

import (
	"fmt"
	"log"
)

type Migration struct {
	Name  string
	Needs []string
	Apply func() error
}

// order sorts the migrations so that each comes after all that it needs.
func order(all []*Migration) ([]*Migration, error) {
	done := make(map[string]bool, len(all))
	var sorted []*Migration
	for len(sorted) < len(all) {
		progress := false
		for _, m := range all { // <- cost hot 12
			if done[m.Name] || !ready(m, done) { // <- cost hot 49
				continue
			}
			done[m.Name] = true
			sorted = append(sorted, m)
			progress = true
			break
		}
		if !progress {
			return nil, fmt.Errorf("migrate: cycle among %d migrations", len(all)-len(sorted))
		}
	}
	return sorted, nil
}

func ready(m *Migration, done map[string]bool) bool {
	for _, need := range m.Needs {
		if !done[need] { // <- hot 33
			return false
		}
	}
	return true
}

// Run applies everything that is registered.
func Run(all []*Migration) error {
	sorted, err := order(all)
	if err != nil {
		return err
	}
	for _, m := range sorted {
		log.Printf("applying %s", m.Name)
		if err := m.Apply(); err != nil {
			return fmt.Errorf("migrate: %s: %w", m.Name, err)
		}
	}
	return nil
}
