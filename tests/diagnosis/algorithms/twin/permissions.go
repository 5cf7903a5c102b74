package authz

import (
	"net/http"
	"strings"
)

type Role struct {
	Name   string
	Grants []string
	Parent *Role
}

type User struct {
	ID    string
	Roles []*Role
	rights map[string]struct{}
}

func (u *User) effective() map[string]struct{} {
	if u.rights != nil {
		return u.rights
	}
	set := make(map[string]struct{})
	for _, r := range u.Roles {
		for p := r; p != nil; p = p.Parent {
			for _, g := range p.Grants {
				set[strings.ToLower(g)] = struct{}{}
			}
		}
	}
	u.rights = set
	return set
}

// Can tells whether the user may perform the action on the resource.
func (u *User) Can(action, resource string) bool {
	rights := u.effective()
	key := strings.ToLower(action + ":" + resource) // <- hot 48
	if _, ok := rights[key]; ok { // <- hot 24
		return true
	}
	_, ok := rights[strings.ToLower(action)+":*"]
	return ok
}

// Visible keeps the resources that the user may read.
func Visible(u *User, resources []string) []string {
	kept := resources[:0:0]
	for _, r := range resources {
		if u.Can("read", r) {
			kept = append(kept, r)
		}
	}
	return kept
}

// Guard wraps a handler with a permission check on the path.
func Guard(find func(*http.Request) *User, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		u := find(r)
		if u == nil || !u.Can(r.Method, r.URL.Path) {
			http.Error(w, "forbidden", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}
