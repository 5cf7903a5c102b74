package deps

import "fmt"

type Module struct {
	Name     string
	Requires []*Module
	mark     int
}

func visit(m *Module, order *[]*Module) error {
	switch m.mark {
	case 1:
		return fmt.Errorf("cycle at %s", m.Name)
	case 2:
		return nil
	}
	m.mark = 1
	for _, r := range m.Requires {
		if r.mark == 2 || r.Name == m.Name { // <- 0
			continue
		}
		if err := visit(r, order); err != nil {
			return err
		}
	}
	m.mark = 2
	*order = append(*order, m)
	return nil
}

func Sort(mods []*Module) ([]*Module, error) {
	var order []*Module
	for _, m := range mods {
		if err := visit(m, &order); err != nil { // <- 1
			return nil, err
		}
	}
	return order, nil
}
