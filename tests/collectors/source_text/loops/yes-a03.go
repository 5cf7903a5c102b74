package roster

type Member struct {
	ID    int64
	Email string
}

func hasEmail(list []string, email string) bool {
	for _, e := range list {
		if e == email { // <- 0
			return true
		}
	}
	return false
}

func Invitees(members []Member, optedOut []string) []Member {
	out := make([]Member, 0, len(members))
	for _, m := range members { // <- outer
		if m.Email == "" {
			continue
		}
		if hasEmail(optedOut, m.Email) { // <- 1
			continue
		}
		out = append(out, m)
	}
	return out
}
