package acl

import "strings"

type Document struct {
	ID     string
	Owner  string
	Groups []string
}

type User struct {
	Name      string
	DocGrants []string
}

func contains(list []string, want string) bool {
	for _, s := range list { // <- hot 17
		if s == want { // <- cost hot 74
			return true
		}
	}
	return false
}

// Filter decides which search results a user may see.
type Filter struct {
	PublicPrefix string
	Audit        func(user, doc string)
}

func (f *Filter) Visible(u *User, docs []*Document) []*Document {
	out := docs[:0:0]
	for _, d := range docs {
		if f.allowed(u, d) { // <- cost
			out = append(out, d)
			continue
		}
		if f.Audit != nil {
			f.Audit(u.Name, d.ID)
		}
	}
	return out
}

func (f *Filter) allowed(u *User, d *Document) bool {
	if d.Owner == u.Name || strings.HasPrefix(d.ID, f.PublicPrefix) {
		return true
	}
	return contains(u.DocGrants, d.ID)
}
