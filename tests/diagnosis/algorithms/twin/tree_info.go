package browse

import (
	"errors"
	"time"
)

type Hash [20]byte

type TreeEntry struct {
	Name  string
	Hash  Hash
	IsDir bool
}

type Commit struct {
	ID      Hash
	Message string
	When    time.Time
	Parent  *Commit
	tree    map[string]Hash
	changed []string // entries whose content differs from the parent's
}

func (c *Commit) EntryHash(path string) (Hash, bool) {
	h, ok := c.tree[path]
	return h, ok
}

type EntryInfo struct {
	Entry  *TreeEntry
	Commit *Commit
}

var errNoHistory = errors.New("entry has no history")

// lastCommits walks the history once and settles each entry at the first
// commit, from the head downwards, that changed it.
func lastCommits(head *Commit, entries []*TreeEntry) map[string]*Commit {
	open := make(map[string]struct{}, len(entries))
	for _, entry := range entries {
		open[entry.Name] = struct{}{} // <- hot 9
	}
	found := make(map[string]*Commit, len(entries))
	for c := head; c != nil && len(open) > 0; c = c.Parent { // <- hot 21
		for _, name := range c.changed { // <- hot 16
			if _, ok := open[name]; ok { // <- hot 43
				found[name] = c
				delete(open, name)
			}
		}
	}
	return found
}

// CommitsInfo returns for each file of the listing its latest commit.
func CommitsInfo(head *Commit, entries []*TreeEntry) ([]EntryInfo, error) {
	found := lastCommits(head, entries)
	infos := make([]EntryInfo, 0, len(entries))
	for _, entry := range entries {
		commit, ok := found[entry.Name]
		if !ok {
			return nil, errNoHistory
		}
		infos = append(infos, EntryInfo{Entry: entry, Commit: commit})
	}
	return infos, nil
}
