package logindex

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"
)

const headLen = 64

// Entry describes one rotated log file.
type Entry struct {
	Path  string
	Head  []byte
	Lines int
	Size  int64
	Gone  bool
}

// Index lists the files of a log directory by their first line.
type Index struct {
	root    string
	entries map[string]*Entry
	levels  map[string]int
}

func New(root string) *Index {
	return &Index{root: root, entries: map[string]*Entry{}, levels: map[string]int{}}
}

func readAll(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f) // <- made 100
}

func firstLine(data []byte) []byte {
	if i := bytes.IndexByte(data, '\n'); i >= 0 {
		data = data[:i]
	}
	if len(data) > headLen {
		data = data[:headLen]
	}
	return data // <- cost
}

func (ix *Index) Scan() error {
	names, err := filepath.Glob(filepath.Join(ix.root, "*.log*"))
	if err != nil {
		return err
	}
	seen := make(map[string]bool, len(names))
	for _, name := range names {
		seen[name] = true
		if _, ok := ix.entries[name]; ok {
			continue
		}
		if err := ix.load(name); err != nil {
			return fmt.Errorf("scan %s: %w", name, err)
		}
	}
	for name, e := range ix.entries {
		e.Gone = !seen[name]
	}
	return nil
}

func (ix *Index) load(name string) error {
	data, err := readAll(name)
	if err != nil {
		return err
	}
	for _, line := range bytes.Split(data, []byte{'\n'}) {
		if i := bytes.IndexByte(line, ' '); i > 0 && i < 6 {
			ix.levels[string(line[:i])]++
		}
	}
	e := &Entry{Path: name, Lines: bytes.Count(data, []byte{'\n'}), Size: int64(len(data))}
	e.Head = firstLine(data) // <- cost
	ix.entries[name] = e // <- cost
	return nil
}

func (ix *Index) List() []*Entry {
	out := make([]*Entry, 0, len(ix.entries))
	for _, e := range ix.entries {
		out = append(out, e)
	}
	sort.Slice(out, func(i, j int) bool { return bytes.Compare(out[i].Head, out[j].Head) < 0 })
	return out
}
