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
	missing := make(map[string]int, len(all))
	unlocks := make(map[string][]*Migration, len(all))
	sorted := make([]*Migration, 0, len(all))
	for _, m := range all {
		missing[m.Name] = len(m.Needs)
		for _, need := range m.Needs {
			unlocks[need] = append(unlocks[need], m) // <- hot 35
		}
		if len(m.Needs) == 0 {
			sorted = append(sorted, m)
		}
	}
	for i := 0; i < len(sorted); i++ {
		for _, m := range unlocks[sorted[i].Name] { // <- hot 16
			missing[m.Name]-- // <- hot 28
			if missing[m.Name] == 0 {
				sorted = append(sorted, m)
			}
		}
	}
	if len(sorted) < len(all) {
		return nil, fmt.Errorf("migrate: cycle among %d migrations", len(all)-len(sorted))
	}
	return sorted, nil
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
