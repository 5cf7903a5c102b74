package jobs

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"strconv"
	"sync"
	"time"
)

type Status string

const (
	Queued  Status = "queued"
	Running Status = "running"
	Done    Status = "done"
	Failed  Status = "failed"
)

type Job struct {
	ID       string
	Cmd      []string
	Status   Status
	Output   []byte
	Started  time.Time
	Finished time.Time
	cancel   context.CancelFunc
}

type Runner struct {
	mu      sync.Mutex
	seq     int
	jobs    map[string]*Job // <- cost
	running map[string]*Job
	queue   chan *Job
	env     []string
}

func NewRunner(workers int, env []string) *Runner {
	r := &Runner{
		jobs:    make(map[string]*Job),
		running: make(map[string]*Job),
		queue:   make(chan *Job, 64),
		env:     env,
	}
	for i := 0; i < workers; i++ {
		go r.work()
	}
	return r
}

func (r *Runner) Submit(cmd []string) (string, error) {
	if len(cmd) == 0 {
		return "", errors.New("empty command")
	}
	r.mu.Lock()
	r.seq++
	j := &Job{ID: strconv.Itoa(r.seq), Cmd: cmd, Status: Queued}
	r.jobs[j.ID] = j // <- cost
	r.mu.Unlock()
	r.queue <- j
	return j.ID, nil
}

func (r *Runner) work() {
	for j := range r.queue {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
		r.mu.Lock()
		j.Status, j.Started, j.cancel = Running, time.Now(), cancel
		r.running[j.ID] = j
		r.mu.Unlock()

		out, err := r.execute(ctx, j.Cmd)
		cancel()

		r.mu.Lock()
		delete(r.running, j.ID)
		j.Output, j.Finished, j.cancel = out, time.Now(), nil // <- cost
		j.Status = Done
		if err != nil {
			j.Status = Failed
		}
		r.mu.Unlock()
	}
}

func (r *Runner) execute(ctx context.Context, argv []string) ([]byte, error) {
	var buf bytes.Buffer
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = r.env
	cmd.Stdout = &buf
	cmd.Stderr = &buf
	err := cmd.Run()
	return append([]byte(nil), bytes.TrimSpace(buf.Bytes())...), err // <- made 100
}

func (r *Runner) Lookup(id string) (Job, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	j, ok := r.jobs[id]
	if !ok {
		return Job{}, false
	}
	return *j, true
}
