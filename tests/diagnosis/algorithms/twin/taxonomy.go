package catalog

import "strings"

type Product struct {
	SKU  string
	Tags []string
}

type Taxonomy struct {
	Names []string
	seen  map[string]struct{}
	Hits  int
}

func normalize(tag string) string {
	return strings.ToLower(strings.TrimSpace(tag))
}

func (t *Taxonomy) add(tag string) {
	if _, ok := t.seen[tag]; ok || tag == "" { // <- hot 38
		t.Hits++
		return
	}
	t.seen[tag] = struct{}{} // <- hot 20
	t.Names = append(t.Names, tag)
}

// Collect names every tag of the feed once, in the order of first use.
func Collect(feed <-chan Product) *Taxonomy {
	t := &Taxonomy{seen: make(map[string]struct{})}
	for p := range feed {
		for _, tag := range p.Tags {
			t.add(normalize(tag)) // <- hot 28
		}
	}
	return t
}
