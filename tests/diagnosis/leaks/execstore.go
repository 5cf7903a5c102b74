package daemon

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"sync"
)

type ExecConfig struct {
	ID       string
	Args     []string
	Env      []string
	Running  bool
	ExitCode *int
	Stdout   *bytes.Buffer
	OpenIn   bool
}

type ExecStore struct {
	mu    sync.RWMutex
	byID  map[string]*ExecConfig // <- cost
	index map[string]string
}

func (s *ExecStore) Add(c *ExecConfig, container string) {
	s.mu.Lock()
	s.byID[c.ID] = c // <- made 5 <- cost
	s.index[c.ID] = container
	s.mu.Unlock()
}

func (s *ExecStore) Get(id string) *ExecConfig {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.byID[id]
}

func (s *ExecStore) Delete(id string) {
	s.mu.Lock()
	delete(s.byID, id)
	delete(s.index, id)
	s.mu.Unlock()
}

type Runtime interface {
	Exec(container string, args, env []string, out io.Writer) (<-chan int, error)
}

type Daemon struct {
	execs      *ExecStore
	runtime    Runtime
	mu         sync.Mutex
	containers map[string][]string
	attached   map[string]io.Writer
}

func newID() string {
	raw := make([]byte, 32)
	_, _ = rand.Read(raw)
	return hex.EncodeToString(raw)
}

func (d *Daemon) ExecCreate(container string, args []string, extra map[string]string) (string, error) {
	d.mu.Lock()
	base, ok := d.containers[container]
	d.mu.Unlock()
	if !ok {
		return "", fmt.Errorf("no such container: %s", container)
	}
	env := make([]string, 0, len(base)+len(extra)) // <- made 10
	env = append(env, base...)
	for k, v := range extra {
		env = append(env, k+"="+v)
	}
	cfg := &ExecConfig{ID: newID(), Args: args, Env: env}
	cfg.Stdout = bytes.NewBuffer(make([]byte, 0, 4096)) // <- made 85
	d.execs.Add(cfg, container)
	return cfg.ID, nil
}

func (d *Daemon) ExecStart(container, id string, stdout io.Writer) error {
	cfg := d.execs.Get(id)
	if cfg == nil || cfg.Running {
		return fmt.Errorf("exec %s is unknown or already running", id)
	}
	d.mu.Lock()
	d.attached[id] = stdout
	d.mu.Unlock()
	defer func() {
		d.mu.Lock()
		delete(d.attached, id)
		d.mu.Unlock()
	}()
	cfg.Running = true
	exit, err := d.runtime.Exec(container, cfg.Args, cfg.Env, io.MultiWriter(stdout, cfg.Stdout))
	if err != nil {
		d.execs.Delete(id)
		return err
	}
	code := <-exit
	cfg.ExitCode = &code // <- cost
	cfg.Running = false
	return nil
}
