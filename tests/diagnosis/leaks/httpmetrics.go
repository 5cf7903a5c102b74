package httpmetrics

import (
	"fmt"
	"net/http"
	"sort"
	"strings"
	"sync"
	"time"
)

var bounds = []float64{0.005, 0.01, 0.05, 0.1, 0.5, 1, 5}

type histogram struct {
	counts []uint64
	sum    float64
	total  uint64
}

func newHistogram() *histogram {
	return &histogram{counts: make([]uint64, len(bounds)+1)} // <- made 70
}

func (h *histogram) observe(v float64) {
	i := sort.SearchFloat64s(bounds, v)
	h.counts[i]++
	h.sum += v
	h.total++
}

type Recorder struct {
	mu       sync.Mutex
	latency  map[string]*histogram // <- cost
	inflight map[string]int
	slowest  []string
}

func NewRecorder() *Recorder {
	return &Recorder{
		latency:  make(map[string]*histogram),
		inflight: make(map[string]int),
	}
}

func seriesKey(r *http.Request) string {
	return fmt.Sprintf("%s|%s|%s", r.Method, r.URL.Path, r.URL.RawQuery) // <- made 20
}

func (rec *Recorder) series(key string) *histogram {
	h, ok := rec.latency[key]
	if !ok {
		h = newHistogram()
		rec.latency[key] = h // <- made 10 <- cost
	}
	return h
}

func (rec *Recorder) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		rec.mu.Lock()
		rec.inflight[r.RemoteAddr]++
		rec.mu.Unlock()

		next.ServeHTTP(w, r)

		elapsed := time.Since(start)
		rec.mu.Lock()
		defer rec.mu.Unlock()
		if rec.inflight[r.RemoteAddr]--; rec.inflight[r.RemoteAddr] <= 0 {
			delete(rec.inflight, r.RemoteAddr)
		}
		rec.series(seriesKey(r)).observe(elapsed.Seconds())
		if elapsed > 2*time.Second {
			rec.slowest = append(rec.slowest, r.URL.Path)
			if len(rec.slowest) > 50 {
				rec.slowest = append([]string(nil), rec.slowest[25:]...)
			}
		}
	})
}

func (rec *Recorder) Render() string {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	keys := make([]string, 0, len(rec.latency))
	for k := range rec.latency {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	var sb strings.Builder
	for _, k := range keys {
		h := rec.latency[k]
		fmt.Fprintf(&sb, "http_latency{%q} %f %d\n", k, h.sum, h.total)
	}
	return sb.String()
}
