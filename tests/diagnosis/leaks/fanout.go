package search

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sort"
	"sync/atomic"
	"time"
)

type Hit struct {
	ID    string  `json:"id"`
	Score float64 `json:"score"`
	Blurb string  `json:"blurb"`
}

type answer struct {
	shard string
	hits  []Hit
	err   error
}

type Searcher struct {
	shards  []string
	client  *http.Client
	budget  time.Duration
	queries atomic.Int64
	partial atomic.Int64
}

func New(shards []string, budget time.Duration) *Searcher {
	return &Searcher{
		shards: append([]string(nil), shards...),
		client: &http.Client{Timeout: 30 * time.Second},
		budget: budget,
	}
}

func (s *Searcher) ask(shard, q string, limit int) ([]Hit, error) {
	u := fmt.Sprintf("http://%s/search?q=%s&n=%d", shard, url.QueryEscape(q), limit)
	resp, err := s.client.Get(u)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, errors.New(resp.Status)
	}
	var hits []Hit
	if err := json.NewDecoder(resp.Body).Decode(&hits); err != nil { // <- made 90
		return nil, err
	}
	return hits, nil
}

// Query asks every shard and merges what comes back in time.
func (s *Searcher) Query(ctx context.Context, q string, limit int) ([]Hit, []error) {
	s.queries.Add(1)
	answers := make(chan answer) // <- cost
	for _, shard := range s.shards {
		go func(shard string) { // <- made 10
			hits, err := s.ask(shard, q, limit)
			answers <- answer{shard: shard, hits: hits, err: err} // <- cost
		}(shard)
	}

	timer := time.NewTimer(s.budget)
	defer timer.Stop()

	best := make(map[string]Hit)
	var problems []error
	for range s.shards {
		select {
		case a := <-answers:
			if a.err != nil {
				problems = append(problems, fmt.Errorf("%s: %w", a.shard, a.err))
				continue
			}
			for _, h := range a.hits {
				if old, ok := best[h.ID]; !ok || old.Score < h.Score {
					best[h.ID] = h
				}
			}
		case <-timer.C:
			s.partial.Add(1)
			return top(best, limit), append(problems, context.DeadlineExceeded) // <- cost
		case <-ctx.Done():
			return nil, append(problems, ctx.Err())
		}
	}
	return top(best, limit), problems
}

func top(best map[string]Hit, limit int) []Hit {
	out := make([]Hit, 0, len(best))
	for _, h := range best {
		out = append(out, h)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Score > out[j].Score })
	if len(out) > limit {
		out = out[:limit]
	}
	return out
}
