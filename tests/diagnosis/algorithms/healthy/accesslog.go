package accesslog

import (
	"bufio"
	"bytes"
	"io"
	"sort"
	"strconv"
)

type Stat struct {
	Path   string
	Hits   int
	Errors int
	Bytes  int64
}

// field returns the n-th blank-separated field of a line.
func field(line []byte, n int) []byte {
	for ; n > 0; n-- {
		i := bytes.IndexByte(line, ' ') // <- hot 28
		if i < 0 {
			return nil
		}
		line = line[i+1:]
	}
	if i := bytes.IndexByte(line, ' '); i >= 0 {
		return line[:i]
	}
	return line
}

// Summarise reads "METHOD PATH STATUS BYTES" lines in one pass.
func Summarise(r io.Reader) (map[string]*Stat, error) {
	stats := make(map[string]*Stat)
	sc := bufio.NewScanner(r)
	for sc.Scan() { // <- hot 19
		line := sc.Bytes()
		path := field(line, 1)
		st, ok := stats[string(path)] // <- hot 26
		if !ok {
			st = &Stat{Path: string(path)}
			stats[st.Path] = st
		}
		st.Hits++
		if code := field(line, 2); len(code) > 0 && code[0] == '5' {
			st.Errors++
		}
		if n, err := strconv.ParseInt(string(field(line, 3)), 10, 64); err == nil { // <- hot 17
			st.Bytes += n
		}
	}
	return stats, sc.Err()
}

func Worst(stats map[string]*Stat, n int) []*Stat {
	all := make([]*Stat, 0, len(stats))
	for _, s := range stats {
		all = append(all, s)
	}
	sort.Slice(all, func(i, j int) bool { return all[i].Errors > all[j].Errors })
	if len(all) > n {
		all = all[:n]
	}
	return all
}
