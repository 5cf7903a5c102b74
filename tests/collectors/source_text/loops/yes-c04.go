package acl

type Grant struct {
	UserID int64
	Scope  string
}

func contains(ids []int64, id int64) bool {
	for _, v := range ids {
		if v == id { // <- 0
			return true
		}
	}
	return false
}

// Revoke drops the grants of users that have left.
func Revoke(grants []Grant, active []int64) (kept []Grant, dropped int) {
	kept = make([]Grant, 0, len(grants))
	for _, g := range grants { // <- outer
		if g.Scope == "system" {
			kept = append(kept, g)
			continue
		}
		if !contains(active, g.UserID) { // <- 1
			dropped++
			continue
		}
		kept = append(kept, g)
	}
	return kept, dropped
}
