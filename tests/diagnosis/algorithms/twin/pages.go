package site

import (
	"bytes"
	"fmt"
	"html/template"
	"sort"
	"time"
)

type Page struct {
	Title    string
	Path     string
	Section  string
	Date     time.Time
	position int
	site     *Site
}

type Pages []*Page

// Next returns the page after cur in the collection, or nil.
func (p Pages) Next(cur *Page) *Page {
	if cur.position == 0 {
		return nil
	}
	return p[cur.position-1]
}

// Prev returns the page before cur in the collection, or nil.
func (p Pages) Prev(cur *Page) *Page {
	if cur.position == len(p)-1 {
		return nil
	}
	return p[cur.position+1]
}

type Site struct {
	RegularPages Pages
	layout       *template.Template
}

func (s *Site) sortPages() {
	sort.SliceStable(s.RegularPages, func(i, j int) bool {
		return s.RegularPages[i].Date.After(s.RegularPages[j].Date) // <- hot 6
	})
	for i, pg := range s.RegularPages {
		pg.position = i
	}
}

func (pg *Page) Next() *Page { return pg.site.RegularPages.Next(pg) }
func (pg *Page) Prev() *Page { return pg.site.RegularPages.Prev(pg) }

func (s *Site) Render(publish func(path string, content []byte) error) error {
	s.sortPages()
	for _, pg := range s.RegularPages {
		var buf bytes.Buffer
		data := map[string]any{"Page": pg, "Next": pg.Next(), "Prev": pg.Prev()}
		if err := s.layout.Execute(&buf, data); err != nil { // <- hot 81
			return fmt.Errorf("render %s: %w", pg.Path, err)
		}
		if err := publish(pg.Path, buf.Bytes()); err != nil {
			return err
		}
	}
	return nil
}
