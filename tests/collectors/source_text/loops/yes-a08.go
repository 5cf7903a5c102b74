package build

import "fmt"

type Target struct {
	Name string
	Deps []string
}

type Graph struct {
	targets []*Target
}

func (g *Graph) Lookup(name string) (*Target, error) {
	for i := 0; i < len(g.targets); i++ {
		if g.targets[i].Name == name { // <- 0
			return g.targets[i], nil
		}
	}
	return nil, fmt.Errorf("no target %q", name)
}

func (g *Graph) Check() error {
	for _, t := range g.targets { // <- outer
		for _, d := range t.Deps {
			if _, err := g.Lookup(d); err != nil { // <- 1
				return fmt.Errorf("%s: %w", t.Name, err)
			}
		}
	}
	return nil
}
