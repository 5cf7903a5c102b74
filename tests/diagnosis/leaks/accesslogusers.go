package accesslog

import (
	"bytes"
	"io"
	"sort"
	"strings"
	"sync"
	"time"
)

const chunkSize = 256 * 1024

type visitor struct {
	agent string
	hits  int
	last  time.Time
}

type Analyzer struct {
	mu       sync.Mutex
	visitors map[string]*visitor
	agents   map[string]int // <- cost
	bySecond [60]int
	bad      []string
}

func NewAnalyzer() *Analyzer {
	return &Analyzer{
		visitors: make(map[string]*visitor),
		agents:   make(map[string]int),
	}
}

func (a *Analyzer) Consume(r io.Reader) error {
	buf := make([]byte, chunkSize)
	var rest []byte
	for {
		n, err := r.Read(buf)
		block := append(rest, buf[:n]...)
		cut := bytes.LastIndexByte(block, '\n')
		if cut >= 0 {
			a.block(string(block[:cut])) // <- made 100
			rest = append([]byte(nil), block[cut+1:]...)
		} else {
			rest = block
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (a *Analyzer) block(text string) {
	for len(text) > 0 {
		line, tail, _ := strings.Cut(text, "\n")
		text = tail
		parts := strings.SplitN(line, "\t", 3)
		if len(parts) < 3 {
			if len(a.bad) < 10 {
				a.bad = append(a.bad, strings.Clone(line))
			}
			continue
		}
		a.record(parts[0], parts[2], time.Now())
	}
}

func (a *Analyzer) record(ip, agent string, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	v := a.visitors[ip]
	if v == nil {
		v = &visitor{agent: strings.Clone(agent)}
		a.visitors[strings.Clone(ip)] = v
	}
	v.hits++
	v.last = now
	a.agents[agent]++ // <- cost
	a.bySecond[now.Second()]++
}

func (a *Analyzer) Expire(before time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for ip, v := range a.visitors {
		if v.last.Before(before) {
			delete(a.visitors, ip)
		}
	}
}

func (a *Analyzer) TopAgents(n int) []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	names := make([]string, 0, len(a.agents))
	for name := range a.agents {
		names = append(names, name)
	}
	sort.Slice(names, func(i, j int) bool { return a.agents[names[i]] > a.agents[names[j]] })
	return names[:min(n, len(names))]
}
