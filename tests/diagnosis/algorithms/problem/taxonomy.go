package catalog

import "strings"

type Product struct {
	SKU  string
	Tags []string
}

type Taxonomy struct {
	Names []string
	Hits  int
}

func normalize(tag string) string {
	return strings.ToLower(strings.TrimSpace(tag))
}

func (t *Taxonomy) known(tag string) bool {
	for _, n := range t.Names { // <- cost hot 31
		if n == tag { // <- hot 60
			return true
		}
	}
	return false
}

func (t *Taxonomy) add(tag string) {
	if tag == "" || t.known(tag) { // <- cost
		t.Hits++
		return
	}
	t.Names = append(t.Names, tag)
}

// Collect names every tag of the feed once, in the order of first use.
func Collect(feed <-chan Product) *Taxonomy {
	t := &Taxonomy{}
	for p := range feed {
		for _, tag := range p.Tags {
			t.add(normalize(tag))
		}
	}
	return t
}
