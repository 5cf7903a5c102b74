// expect: healthy bench
// Serves the sheets of the ponds in which a lake trust grows marimo (balls of moss): the wardens' tablets ask for a
// pond, and get what its gauges read (each gauge's gateway answers in 7 or 11 ms, and can take dozens at a time), how
// its balls will grow until autumn, and how often the last readings were out of bounds.
//
// Measured: 12 sheets a second; a sheet takes 58.5 ms, in the twin 12.9 ms. Both use 2 % of a core.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"log"
	"math"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/mux"
)

const (
	ponds = 32
	pages = 12 // a second
	kept  = 96 // readings of a pond
)

var sheet = template.Must(template.New("sheet").Parse(`<h1>Pond {{.Pond}}</h1>
<table>{{range .Readings}}<tr><td>{{.Gauge}}<td>{{if .Missing}}-{{else}}{{printf "%.2f" .Value}}{{end}}</tr>
{{end}}</table><p>A ball of {{printf "%.1f" .Now}} mm will have {{printf "%.1f" .Autumn}} mm in autumn.
<p>{{.Outside}} of the last {{.Kept}} readings were out of bounds.
`))

// Reading is what a gauge told.
type Reading struct {
	Gauge   string
	Value   float64
	Missing bool
}

// Gauge reads one property of a pond.
type Gauge interface {
	Name() string
	Read(ctx context.Context, pond int) (Reading, error)
}

// gateway is a gauge that is asked over the trust's network.
type gateway struct {
	name   string
	base   string
	scale  float64
	client *http.Client
}

func (g *gateway) Name() string { return g.name }

func (g *gateway) Read(ctx context.Context, pond int) (Reading, error) {
	url := fmt.Sprintf("%s/%s/%d", g.base, g.name, pond)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return Reading{}, err
	}
	response, err := g.client.Do(request)
	if err != nil {
		return Reading{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return Reading{}, err
	}
	if response.StatusCode != http.StatusOK {
		return Reading{}, fmt.Errorf("%s: %s", url, response.Status)
	}
	var told struct {
		Price float64 `json:"price"`
		Stock float64 `json:"stock"`
	}
	if err := json.Unmarshal(body, &told); err != nil {
		return Reading{}, fmt.Errorf("%s: %w", url, err)
	}
	return Reading{Gauge: g.name, Value: (told.Price + told.Stock/13) * g.scale}, nil
}

// almanac is a gauge that needs no one: how high the sun stands at noon.
type almanac struct{ latitude float64 }

func (a almanac) Name() string { return "sun" }

func (a almanac) Read(_ context.Context, pond int) (Reading, error) {
	day := float64(time.Now().YearDay())
	tilt := -23.44 * math.Cos(2*math.Pi*(day+10)/365)
	return Reading{Gauge: a.Name(), Value: 90 - math.Abs(a.latitude+float64(pond)/400-tilt)}, nil
}

// History keeps the last readings of each pond.
type History struct {
	mutex sync.Mutex
	rings [ponds][]float64
	next  [ponds]int
}

// Add notes the readings, and tells how many of those that are kept lie outside of the bounds.
func (h *History) Add(pond int, readings []Reading) (outside, known int) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	for _, reading := range readings {
		if reading.Missing {
			continue
		}
		if len(h.rings[pond]) < kept {
			h.rings[pond] = append(h.rings[pond], reading.Value)
			continue
		}
		h.rings[pond][h.next[pond]] = reading.Value
		h.next[pond] = (h.next[pond] + 1) % kept
	}
	for _, value := range h.rings[pond] {
		if value < 1 || value > 90 {
			outside++
		}
	}
	return outside, len(h.rings[pond])
}

// grow follows a ball's diameter in millimetres for so many days, hour by hour.
func grow(diameter, light, warmth float64, days int) float64 {
	for hour := 0; hour < days*24; hour++ {
		share := light / (light + 40) * math.Exp(-math.Pow((warmth-15)/12, 2))
		diameter += 0.0014 * share * (1 - diameter/300)
	}
	return diameter
}

// Desk makes the sheets.
type Desk struct {
	gauges  []Gauge
	history *History
	served  int64
	spent   int64
	missing int64
}

// survey has all gauges read at the same time; those that do not answer are missing on the sheet.
func (d *Desk) survey(ctx context.Context, pond int) []Reading {
	readings := make([]Reading, len(d.gauges))
	var group sync.WaitGroup
	for at, gauge := range d.gauges {
		group.Add(1)
		go func(at int, gauge Gauge) {
			defer group.Done()
			reading, err := gauge.Read(ctx, pond)
			if err != nil {
				atomic.AddInt64(&d.missing, 1)
				reading = Reading{Gauge: gauge.Name(), Missing: true}
			}
			readings[at] = reading
		}(at, gauge)
	}
	group.Wait()
	return readings
}

func (d *Desk) page(out http.ResponseWriter, request *http.Request) {
	began := time.Now()
	pond, err := strconv.Atoi(mux.Vars(request)["pond"])
	if err != nil || pond >= ponds {
		http.NotFound(out, request)
		return
	}
	ctx, cancel := context.WithTimeout(request.Context(), 2*time.Second)
	defer cancel()
	readings := d.survey(ctx, pond)
	outside, known := d.history.Add(pond, readings)
	now := 18 + float64(pond)
	var page bytes.Buffer
	err = sheet.Execute(&page, map[string]interface{}{
		"Pond": pond, "Readings": readings, "Outside": outside, "Kept": known,
		"Now": now, "Autumn": grow(now, readings[0].Value, readings[1].Value, 90),
	})
	if err != nil {
		http.Error(out, err.Error(), http.StatusInternalServerError)
		return
	}
	out.Header().Set("Content-Type", "text/html; charset=utf-8")
	out.Write(page.Bytes())
	atomic.AddInt64(&d.spent, int64(time.Since(began)))
	atomic.AddInt64(&d.served, 1)
}

// network starts gateways that answer after so many milliseconds.
func network(delay int) (string, error) {
	command := exec.Command(os.Getenv("PYTHON"), os.Getenv("SERVICES"), "http", strconv.Itoa(delay))
	command.Stderr = os.Stderr
	told, err := command.Output()
	return "http://127.0.0.1:" + strings.TrimSpace(string(told)), err
}

func tablets(port int) error {
	var paths []string
	for pond := 0; pond < ponds; pond++ {
		paths = append(paths, fmt.Sprintf("/ponds/%d", pond))
	}
	script := filepath.Join(filepath.Dir(os.Getenv("SERVICES")), "clients.py")
	return exec.Command(os.Getenv("PYTHON"), script, "http", strconv.Itoa(port), strings.Join(paths, ","),
		strconv.Itoa(pages), "6").Run()
}

func main() {
	near, err := network(7)
	if err != nil {
		log.Fatal(err)
	}
	far, err := network(11)
	if err != nil {
		log.Fatal(err)
	}
	client := &http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 48}}
	desk := &Desk{history: &History{}, gauges: []Gauge{
		&gateway{"light", near, 0.09, client}, &gateway{"warmth", far, 0.021, client},
		almanac{43.4}, &gateway{"oxygen", far, 0.012, client}, &gateway{"swell", near, 0.05, client},
		&gateway{"silt", far, 0.1, client}, &gateway{"swans", near, 0.02, client},
	}}
	router := mux.NewRouter()
	router.HandleFunc("/ponds/{pond:[0-9]+}", desk.page).Methods(http.MethodGet)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go http.Serve(listener, router)
	if err := tablets(listener.Addr().(*net.TCPAddr).Port); err != nil {
		log.Fatal(err)
	}
	for atomic.LoadInt64(&desk.served) < 2*pages {
		time.Sleep(50 * time.Millisecond)
	}
	fmt.Printf("ready %d\n", os.Getpid())
	for range time.Tick(5 * time.Second) {
		served := atomic.LoadInt64(&desk.served)
		each := float64(atomic.LoadInt64(&desk.spent)) / 1e6 / float64(served)
		log.Printf("%d sheets, %.1f ms each, %d readings missing", served, each, atomic.LoadInt64(&desk.missing))
	}
}
