package social

type User struct {
	ID      int
	Friends []*User
}

func Within(start *User, hops int) []*User {
	seen := map[int]bool{start.ID: true}
	frontier := []*User{start}
	var out []*User
	for h := 0; h < hops && len(frontier) > 0; h++ {
		var next []*User
		for _, u := range frontier {
			for _, f := range u.Friends {
				if seen[f.ID] { // <- 0
					continue
				}
				seen[f.ID] = true
				next = append(next, f)
			}
		}
		out = append(out, next...)
		frontier = next
	}
	return out
}
