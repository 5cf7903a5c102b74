package apiserver

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

var errTimeout = errors.New("request did not complete within the allowed duration")

type Object struct {
	Kind     string            `json:"kind"`
	Name     string            `json:"name"`
	Labels   map[string]string `json:"labels"`
	Revision int64             `json:"revision"`
	Spec     json.RawMessage   `json:"spec"`
}

type Storage interface {
	Create(obj *Object) (*Object, error)
	Delete(name string) (*Object, error)
}

type Handler struct {
	storage Storage
	timeout time.Duration

	mu     sync.Mutex
	counts map[string]int
	recent []string
}

func NewHandler(storage Storage, timeout time.Duration) *Handler {
	return &Handler{storage: storage, timeout: timeout, counts: make(map[string]int)}
}

type resultFunc func() (*Object, error)

func finishRequest(timeout time.Duration, fn resultFunc) (*Object, error) {
	ch := make(chan *Object)  // <- made 5 <- cost
	errCh := make(chan error) // <- cost
	go func() {               // <- made 15
		if result, err := fn(); err != nil {
			errCh <- err // <- cost
		} else {
			ch <- result // <- cost
		}
	}()

	select {
	case result := <-ch:
		return result, nil
	case err := <-errCh:
		return nil, err
	case <-time.After(timeout):
		return nil, errTimeout
	}
}

func (h *Handler) note(verb, name string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.counts[verb]++
	h.recent = append(h.recent, fmt.Sprintf("%s %s", verb, name))
	if len(h.recent) > 50 {
		h.recent = append([]string(nil), h.recent[len(h.recent)-50:]...)
	}
}

func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var out *Object
	var err error
	switch r.Method {
	case http.MethodPost:
		body, rerr := io.ReadAll(io.LimitReader(r.Body, 1<<20)) // <- made 80
		if rerr != nil {
			http.Error(w, rerr.Error(), http.StatusBadRequest)
			return
		}
		out, err = finishRequest(h.timeout, func() (*Object, error) {
			obj := new(Object)
			if err := json.Unmarshal(body, obj); err != nil {
				return nil, err
			}
			h.note("create", obj.Name)
			return h.storage.Create(obj)
		})
	case http.MethodDelete:
		name := r.URL.Query().Get("name")
		out, err = finishRequest(h.timeout, func() (*Object, error) {
			h.note("delete", name)
			return h.storage.Delete(name)
		})
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	_ = json.NewEncoder(w).Encode(out)
}
