package feed

import (
	"encoding/json"
	"net/http"
)

type Post struct {
	ID    int64    `json:"id"`
	Tags  []string `json:"tags"`
	Title string   `json:"title"`
}

func hasTag(p *Post, tag string) bool {
	for _, t := range p.Tags {
		if t == tag { // <- 0
			return true
		}
	}
	return false
}

func sponsored(posts []*Post) []*Post {
	kept := posts[:0]
	for _, p := range posts {
		if hasTag(p, "sponsored") { // <- 1
			kept = append(kept, p)
		}
	}
	return kept
}

func Handler(w http.ResponseWriter, r *http.Request) {
	var posts []*Post
	if err := json.NewDecoder(r.Body).Decode(&posts); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	json.NewEncoder(w).Encode(sponsored(posts)) // <- 2
}
