package site

import (
	"bytes"
	"fmt"
	"html/template"
	"sort"
	"time"
)

type Page struct {
	Title   string
	Path    string
	Section string
	Date    time.Time
	site    *Site
}

type Pages []*Page

// Next returns the page after cur in the collection, or nil.
func (p Pages) Next(cur *Page) *Page {
	for i, c := range p { // <- cost hot 18
		if c.Path == cur.Path { // <- cost hot 29
			if i == 0 {
				return nil
			}
			return p[i-1]
		}
	}
	return nil
}

// Prev returns the page before cur in the collection, or nil.
func (p Pages) Prev(cur *Page) *Page {
	for i, c := range p { // <- cost hot 16
		if c.Path == cur.Path { // <- cost hot 27
			if i == len(p)-1 {
				return nil
			}
			return p[i+1]
		}
	}
	return nil
}

type Site struct {
	RegularPages Pages
	layout       *template.Template
}

func (s *Site) sortPages() {
	sort.SliceStable(s.RegularPages, func(i, j int) bool {
		return s.RegularPages[i].Date.After(s.RegularPages[j].Date)
	})
}

func (pg *Page) Next() *Page { return pg.site.RegularPages.Next(pg) }
func (pg *Page) Prev() *Page { return pg.site.RegularPages.Prev(pg) }

func (s *Site) Render(publish func(path string, content []byte) error) error {
	s.sortPages()
	for _, pg := range s.RegularPages {
		var buf bytes.Buffer
		data := map[string]any{"Page": pg, "Next": pg.Next(), "Prev": pg.Prev()}
		if err := s.layout.Execute(&buf, data); err != nil {
			return fmt.Errorf("render %s: %w", pg.Path, err)
		}
		if err := publish(pg.Path, buf.Bytes()); err != nil {
			return err
		}
	}
	return nil
}
