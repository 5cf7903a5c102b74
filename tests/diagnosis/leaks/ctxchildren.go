package scheduler

import (
	"context"
	"encoding/json"
	"log"
	"time"
)

type Job struct {
	ID      string
	Tenant  string
	Payload json.RawMessage
	Retries int
}

type Handler func(ctx context.Context, j *Job) error

type tenantKey struct{}

type jobScope struct {
	tenant string
	attrs  map[string]string
	trace  []byte
}

type Runner struct {
	base     context.Context
	stop     context.CancelFunc
	handlers map[string]Handler
	failed   []*Job
	last     map[string]time.Time
}

func NewRunner(handlers map[string]Handler) *Runner {
	base, stop := context.WithCancel(context.Background())
	return &Runner{base: base, stop: stop, handlers: handlers, last: map[string]time.Time{}}
}

func newScope(j *Job) *jobScope {
	sc := &jobScope{
		tenant: j.Tenant,
		attrs:  map[string]string{"job": j.ID}, // <- made 30
		trace:  make([]byte, 0, 1024),          // <- made 45
	}
	return sc
}

func (r *Runner) scoped(j *Job) context.Context {
	ctx := context.WithValue(r.base, tenantKey{}, newScope(j))
	ctx, _ = context.WithCancel(ctx) // <- made 25 <- cost
	return ctx
}

func (r *Runner) runOne(kind string, j *Job) {
	h, ok := r.handlers[kind]
	if !ok {
		log.Printf("no handler for %s", kind)
		return
	}
	ctx := r.scoped(j)
	if err := h(ctx, j); err != nil {
		j.Retries++
		if j.Retries < 5 {
			r.failed = append(r.failed, j)
		}
	}
	r.last[kind] = time.Now()
}

func (r *Runner) Run(in <-chan []byte) {
	for raw := range in {
		var env struct {
			Kind string `json:"kind"`
			Job  Job    `json:"job"`
		}
		if err := json.Unmarshal(raw, &env); err != nil {
			log.Printf("decode: %v", err)
			continue
		}
		job := env.Job
		r.runOne(env.Kind, &job)
		if len(r.failed) >= 16 {
			again := r.failed
			r.failed = nil
			for _, j := range again {
				r.runOne(env.Kind, j)
			}
		}
	}
	r.stop()
}
