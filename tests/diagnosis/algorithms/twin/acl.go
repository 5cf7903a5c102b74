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

func toSet(list []string) map[string]struct{} {
	set := make(map[string]struct{}, len(list))
	for _, s := range list {
		set[s] = struct{}{} // <- hot 41
	}
	return set
}

// Filter decides which search results a user may see.
type Filter struct {
	PublicPrefix string
	Audit        func(user, doc string)
}

func (f *Filter) Visible(u *User, docs []*Document) []*Document {
	out := docs[:0:0]
	granted := toSet(u.DocGrants)
	for _, d := range docs {
		if f.allowed(u, granted, d) {
			out = append(out, d)
			continue
		}
		if f.Audit != nil {
			f.Audit(u.Name, d.ID)
		}
	}
	return out
}

func (f *Filter) allowed(u *User, granted map[string]struct{}, d *Document) bool {
	if d.Owner == u.Name || strings.HasPrefix(d.ID, f.PublicPrefix) {
		return true
	}
	_, ok := granted[d.ID] // <- hot 40
	return ok
}
