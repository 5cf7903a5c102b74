package chat

import "strings"

type User struct {
	ID   int
	Nick string
}

type Hub struct {
	users []*User
}

func (h *Hub) find(nick string) *User {
	i := 0
loop:
	if i < len(h.users) {
		if strings.EqualFold(h.users[i].Nick, nick) { // <- 0
			return h.users[i]
		}
		i++
		goto loop
	}
	return nil
}

func (h *Hub) Mentions(text string) (ids []int) {
	for _, w := range strings.Fields(text) { // <- outer
		if !strings.HasPrefix(w, "@") {
			continue
		}
		if u := h.find(w[1:]); u != nil { // <- 1
			ids = append(ids, u.ID)
		}
	}
	return ids
}
