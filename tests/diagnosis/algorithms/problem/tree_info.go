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
}

func (c *Commit) EntryHash(path string) (Hash, bool) {
	h, ok := c.tree[path] // <- hot 67
	return h, ok
}

type EntryInfo struct {
	Entry  *TreeEntry
	Commit *Commit
}

var errNoHistory = errors.New("entry has no history")

// lastCommitFor finds the commit that gave the entry its present content.
func lastCommitFor(head *Commit, entry *TreeEntry) (*Commit, error) {
	if _, ok := head.EntryHash(entry.Name); !ok {
		return nil, errNoHistory
	}
	current := head
	for current.Parent != nil { // <- cost hot 12
		before, ok := current.Parent.EntryHash(entry.Name) // <- cost
		if !ok || before != entry.Hash {                   // <- hot 14
			break
		}
		current = current.Parent
	}
	return current, nil
}

// CommitsInfo returns for each file of the listing its latest commit.
func CommitsInfo(head *Commit, entries []*TreeEntry) ([]EntryInfo, error) {
	infos := make([]EntryInfo, 0, len(entries))
	for _, entry := range entries { // <- cost
		commit, err := lastCommitFor(head, entry) // <- cost
		if err != nil {
			return nil, err
		}
		infos = append(infos, EntryInfo{Entry: entry, Commit: commit})
	}
	return infos, nil
}
