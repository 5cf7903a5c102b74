package confwatch

import (
	"encoding/json"
	"os"
	"regexp"
	"sync"
	"time"
)

type Rule struct {
	Pattern string `json:"pattern"`
	Action  string `json:"action"`
}

type Config struct {
	Version int    `json:"version"`
	Rules   []Rule `json:"rules"`
}

type Listener func(*Config)

type Store struct {
	mu        sync.RWMutex
	current   *Config
	listeners []Listener // <- cost
	loads     map[int]time.Time
	versions  []int
}

func NewStore() *Store {
	return &Store{current: &Config{}, loads: make(map[int]time.Time)}
}

func (s *Store) OnChange(l Listener) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listeners = append(s.listeners, l) // <- made 5 <- cost
}

func (s *Store) Reload(path string) error {
	raw, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	cfg := new(Config)
	if err := json.Unmarshal(raw, cfg); err != nil {
		return err
	}
	s.mu.Lock()
	s.current = cfg
	s.loads[cfg.Version] = time.Now()
	s.versions = append(s.versions, cfg.Version)
	if len(s.versions) > 5 {
		delete(s.loads, s.versions[0])
		s.versions = append([]int(nil), s.versions[1:]...)
	}
	ls := append([]Listener(nil), s.listeners...)
	s.mu.Unlock()
	for _, l := range ls {
		l(cfg)
	}
	return nil
}

type Matcher struct {
	mu      sync.RWMutex
	rules   []*regexp.Regexp
	actions []string
}

func (m *Matcher) compile(cfg *Config) {
	rules := make([]*regexp.Regexp, 0, len(cfg.Rules)) // <- made 10
	actions := make([]string, 0, len(cfg.Rules))
	for _, r := range cfg.Rules {
		re, err := regexp.Compile(r.Pattern) // <- made 85
		if err != nil {
			continue
		}
		rules = append(rules, re)
		actions = append(actions, r.Action)
	}
	m.mu.Lock()
	m.rules, m.actions = rules, actions
	m.mu.Unlock()
}

// Session is created for every accepted stream.
type Session struct {
	matcher *Matcher
	out     map[string]int
}

func (s *Store) NewSession() *Session {
	m := &Matcher{}
	s.mu.RLock()
	cfg := s.current
	s.mu.RUnlock()
	m.compile(cfg)
	s.OnChange(m.compile) // <- cost
	return &Session{matcher: m, out: make(map[string]int)}
}

func (se *Session) Close() {
	clear(se.out)
}
