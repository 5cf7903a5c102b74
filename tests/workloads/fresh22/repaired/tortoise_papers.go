// expect: healthy bench
// The papers desk for tortoises: vets, breeders and border posts scan a tortoise's chip and ask whether it may be sold
// or taken across a border; what is known of the animal stands in the register of the protected species' office.
//
// Measured: A check takes 131 ms, in the twin 0.03 ms, at 34 checks a second.
// CPU 1.6 % of a core, in the twin 0.8 %.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
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
	tortoises = 600
	desks     = 16
	rate      = 34 // checks a second
)

// The office's register: the papers of one tortoise, or of all whose papers changed after a time.
const office = `import json, os, sys, time
sys.path.append(os.path.dirname(os.environ["SERVICES"]))
import services
KINDS = ["hermanni", "graeca", "marginata", "radiata", "yniphora"]
def paper(chip):
    return {"chip": chip, "species": KINDS[chip % 5], "hatched": 1961 + chip * 7 % 60, "plastron_mm": 60 + chip * 31 % 210,
            "bred": chip % 4 != 0, "holder": f"H-{chip * 17 % 311}", "photo_year": 2019 + chip % 7}
def answer(path):
    time.sleep(0.13)
    if path.startswith("/changes"):
        since = int(path.rpartition("=")[2])
        chips = range(600) if since == 0 else [int(time.time()) // 20 % 600]
        return json.dumps({"until": int(time.time()), "papers": [paper(chip) for chip in chips]}).encode()
    chip = int(path.rpartition("/")[2])
    if chip >= 600:
        return 404, b"{}"
    return json.dumps(paper(chip)).encode()
print(services.http_service(answer), flush=True)`

var errUnknown = errors.New("no papers for this chip")

type Paper struct {
	Chip      int    `json:"chip"`
	Species   string `json:"species"`
	Hatched   int    `json:"hatched"`
	Plastron  int    `json:"plastron_mm"`
	Bred      bool   `json:"bred"`
	Holder    string `json:"holder"`
	PhotoYear int    `json:"photo_year"`
}

// Office talks to the register of the protected species' office.
type Office struct {
	client *http.Client
	base   string
}

func (o *Office) get(ctx context.Context, path string, into interface{}) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, o.base+path, nil)
	if err != nil {
		return err
	}
	answer, err := o.client.Do(request)
	if err != nil {
		return fmt.Errorf("office: %w", err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	if err != nil {
		return fmt.Errorf("office: %w", err)
	}
	switch answer.StatusCode {
	case http.StatusOK:
		return json.Unmarshal(body, into)
	case http.StatusNotFound:
		return errUnknown
	}
	return fmt.Errorf("office: status %d", answer.StatusCode)
}

// Changes are the papers that changed after a time, and the time to ask from next.
func (o *Office) Changes(ctx context.Context, since int64) ([]Paper, int64, error) {
	var said struct {
		Until  int64   `json:"until"`
		Papers []Paper `json:"papers"`
	}
	err := o.get(ctx, fmt.Sprintf("/changes?since=%d", since), &said)
	return said.Papers, said.Until, err
}

// Mirror is a copy of the office's register that follows its changes: the office takes long for each answer.
type Mirror struct {
	office *Office
	mutex  sync.RWMutex
	papers map[int]Paper
	until  int64
}

func (m *Mirror) Refresh(ctx context.Context) error {
	changed, until, err := m.office.Changes(ctx, m.until)
	if err != nil {
		return err
	}
	m.mutex.Lock()
	defer m.mutex.Unlock()
	for _, paper := range changed {
		m.papers[paper.Chip] = paper
	}
	m.until = until
	return nil
}

// Follow keeps the copy fresh; when the office is away, the papers of before serve.
func (m *Mirror) Follow(pause time.Duration) {
	for range time.Tick(pause) {
		if err := m.Refresh(context.Background()); err != nil {
			log.Print(err)
		}
	}
}

// Paper is what the office knows of the tortoise with that chip.
func (m *Mirror) Paper(chip int) (Paper, error) {
	m.mutex.RLock()
	defer m.mutex.RUnlock()
	paper, known := m.papers[chip]
	if !known {
		return Paper{}, errUnknown
	}
	return paper, nil
}

type Verdict struct {
	Chip    int      `json:"chip"`
	Sale    bool     `json:"sale"`
	Border  bool     `json:"border"`
	Reasons []string `json:"reasons,omitempty"`
}

// judge applies the rules of the convention's appendices.
func judge(paper Paper, year int) Verdict {
	verdict := Verdict{Chip: paper.Chip, Sale: true, Border: true}
	refuse := func(border bool, reason string) {
		verdict.Sale = false
		verdict.Border = verdict.Border && !border
		verdict.Reasons = append(verdict.Reasons, reason)
	}
	first := paper.Species == "radiata" || paper.Species == "yniphora"
	if first && !paper.Bred {
		refuse(true, "taken from the wild, appendix I")
	}
	if paper.Plastron < 100 {
		refuse(false, "too small for a chip that stays")
	}
	if renewed := 10; paper.Plastron < 150 && year-paper.PhotoYear > renewed/2 {
		refuse(true, fmt.Sprintf("photo of %d is out of date", paper.PhotoYear))
	} else if year-paper.PhotoYear > renewed {
		refuse(false, "photo is to be renewed")
	}
	if year-paper.Hatched < 2 {
		refuse(true, "hatchling")
	}
	return verdict
}

// Recent keeps the last verdicts, for the office's inspectors.
type Recent struct {
	mutex sync.Mutex
	kept  [64]Verdict
	count int
}

func (r *Recent) Add(verdict Verdict) {
	r.mutex.Lock()
	r.kept[r.count%len(r.kept)] = verdict
	r.count++
	r.mutex.Unlock()
}

func (r *Recent) Refused() int {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	refused := 0
	for _, verdict := range r.kept {
		if len(verdict.Reasons) > 0 {
			refused++
		}
	}
	return refused
}

type Desk struct {
	mirror  *Mirror
	recent  Recent
	checked int64
	failed  int64
	spent   int64
}

func (d *Desk) check(out http.ResponseWriter, request *http.Request) {
	began := time.Now()
	chip, err := strconv.Atoi(mux.Vars(request)["chip"])
	if err != nil {
		http.Error(out, err.Error(), http.StatusBadRequest)
		return
	}
	paper, err := d.mirror.Paper(chip)
	if errors.Is(err, errUnknown) {
		http.Error(out, err.Error(), http.StatusNotFound)
		return
	}
	if err != nil {
		atomic.AddInt64(&d.failed, 1)
		http.Error(out, err.Error(), http.StatusBadGateway)
		return
	}
	verdict := judge(paper, began.Year())
	d.recent.Add(verdict)
	out.Header().Set("Content-Type", "application/json")
	json.NewEncoder(out).Encode(verdict)
	atomic.AddInt64(&d.checked, 1)
	atomic.AddInt64(&d.spent, int64(time.Since(began)))
}

func open() (*Office, error) {
	command := exec.Command(os.Getenv("PYTHON"), "-c", office)
	command.Stderr = os.Stderr
	told, err := command.Output()
	if err != nil {
		return nil, err
	}
	client := &http.Client{
		Timeout:   5 * time.Second,
		Transport: &http.Transport{MaxIdleConnsPerHost: desks, IdleConnTimeout: time.Minute},
	}
	return &Office{client: client, base: "http://127.0.0.1:" + strings.TrimSpace(string(told))}, nil
}

// scan starts the desks that ask, which are other programs.
func scan(port int) error {
	paths := make([]string, 0, tortoises)
	for chip := 0; chip < tortoises; chip++ {
		paths = append(paths, fmt.Sprintf("/checks/%d", chip))
	}
	clients := filepath.Join(filepath.Dir(os.Getenv("SERVICES")), "clients.py")
	return exec.Command(os.Getenv("PYTHON"), clients, "http", fmt.Sprint(port), strings.Join(paths, ","),
		fmt.Sprint(rate), fmt.Sprint(desks)).Run()
}

func main() {
	register, err := open()
	if err != nil {
		log.Fatal(err)
	}
	mirror := &Mirror{office: register, papers: make(map[int]Paper, tortoises)}
	if err := mirror.Refresh(context.Background()); err != nil {
		log.Fatal(err)
	}
	go mirror.Follow(10 * time.Second)
	desk := &Desk{mirror: mirror}
	router := mux.NewRouter()
	router.HandleFunc("/checks/{chip:[0-9]+}", desk.check).Methods(http.MethodGet)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go http.Serve(listener, router)
	if err := scan(listener.Addr().(*net.TCPAddr).Port); err != nil {
		log.Fatal(err)
	}
	for atomic.LoadInt64(&desk.checked) < 40 {
		time.Sleep(50 * time.Millisecond)
	}
	fmt.Printf("ready %d\n", os.Getpid())
	for range time.Tick(10 * time.Second) {
		checked := atomic.LoadInt64(&desk.checked)
		each := float64(atomic.LoadInt64(&desk.spent)) / 1e6 / float64(checked)
		log.Printf("%d checks, %.2f ms each, %d failed, %d of the last 64 refused", checked, each,
			atomic.LoadInt64(&desk.failed), desk.recent.Refused())
	}
}
