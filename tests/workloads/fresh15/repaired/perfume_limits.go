// expect: healthy bench
// Safety desk of a perfumery: a formula is a tree of accords and raw materials; the desk asks the limits register
// for each material's permitted share, compares it with what the finished perfume would contain, and answers with
// the breaches.
//
// Measured: 13.5 formulas with 13 materials each a second; a formula is answered in 166 to 173 ms, in the twin in
// 14 to 16 ms (the register takes 12 ms). CPU 0.03 cores, in the twin 0.02.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"math"
	"net"
	"net/http"
	"os"
	"os/exec"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	noses  = 4
	period = 300 * time.Millisecond
)

// Part is an accord, which has parts, or a raw material, which has none.
type Part struct {
	Name  string
	Share float64
	Parts []Part
}

// Dose is a material with its share of the whole.
type Dose struct {
	Material string
	Share    float64
}

type Verdict struct {
	Material string  `json:"material"`
	Share    float64 `json:"share"`
	Limit    float64 `json:"limit"`
	Breach   bool    `json:"breach"`
}

// Rule judges one dose.
type Rule interface {
	Judge(dose Dose) (Verdict, error)
}

// Register knows the limits; they are amended by the day, and have to be asked for.
type Register struct {
	base   string
	client *http.Client
	asked  int64
}

func (r *Register) entry(material string) (limit float64, err error) {
	atomic.AddInt64(&r.asked, 1)
	answer, err := r.client.Get(r.base + "/limits/" + material)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("register: %s", answer.Status)
	}
	var told struct {
		Price float64 `json:"price"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&told); err != nil {
		return 0, err
	}
	io.Copy(io.Discard, answer.Body)
	return told.Price / 4000, nil
}

func (r *Register) Judge(dose Dose) (Verdict, error) {
	limit, err := r.entry(dose.Material)
	if err != nil {
		return Verdict{}, fmt.Errorf("%s: %w", dose.Material, err)
	}
	return Verdict{dose.Material, dose.Share, limit, dose.Share > limit}, nil
}

// Tightened makes a rule stricter for what is worn on the skin.
type Tightened struct {
	Rule
	factor float64
}

func (t Tightened) Judge(dose Dose) (Verdict, error) {
	verdict, err := t.Rule.Judge(dose)
	verdict.Limit *= t.factor
	verdict.Breach = verdict.Share > verdict.Limit
	return verdict, err
}

// doses adds up what each material makes of the whole: one may be part of several accords.
func doses(formula Part) []Dose {
	shares := map[string]float64{}
	var descend func(part Part, of float64)
	descend = func(part Part, of float64) {
		if len(part.Parts) == 0 {
			shares[part.Name] += of * part.Share
			return
		}
		for _, inner := range part.Parts {
			descend(inner, of*part.Share)
		}
	}
	descend(formula, 1)
	all := make([]Dose, 0, len(shares))
	for material, share := range shares {
		all = append(all, Dose{material, share})
	}
	sort.Slice(all, func(i, j int) bool { return all[i].Material < all[j].Material })
	return all
}

// Desk judges formulas.
type Desk struct {
	rule     Rule
	formulas map[string]Part
	served   int64
	spent    int64
}

func each(doses []Dose, do func(int, Dose) error) error {
	var wait sync.WaitGroup
	errs := make([]error, len(doses))
	for i, dose := range doses {
		wait.Add(1)
		go func(i int, dose Dose) {
			defer wait.Done()
			errs[i] = do(i, dose)
		}(i, dose)
	}
	wait.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func (d *Desk) Review(formula Part) ([]Verdict, error) {
	all := doses(formula)
	verdicts := make([]Verdict, len(all))
	err := each(all, func(i int, dose Dose) (err error) {
		verdicts[i], err = d.rule.Judge(dose)
		return err
	})
	return verdicts, err
}

func (d *Desk) ServeHTTP(out http.ResponseWriter, request *http.Request) {
	began := time.Now()
	formula, known := d.formulas[strings.TrimPrefix(request.URL.Path, "/formulas/")]
	if !known {
		http.NotFound(out, request)
		return
	}
	verdicts, err := d.Review(formula)
	if err != nil {
		http.Error(out, err.Error(), http.StatusBadGateway)
		return
	}
	breaches := 0
	for _, verdict := range verdicts {
		if verdict.Breach {
			breaches++
		}
	}
	out.Header().Set("Content-Type", "application/json")
	json.NewEncoder(out).Encode(map[string]interface{}{"breaches": breaches, "verdicts": verdicts})
	atomic.AddInt64(&d.served, 1)
	atomic.AddInt64(&d.spent, int64(time.Since(began)))
}

func formulaBook() map[string]Part {
	leaf := func(name string, share float64) Part { return Part{Name: name, Share: share} }
	rose := Part{"rose", 0.3, []Part{
		leaf("citronellol", .4), leaf("geraniol", .3), leaf("eugenol", .1), leaf("damascone", .2)}}
	chypre := Part{"chypre", 0.4, []Part{leaf("oakmoss", .2), leaf("labdanum", .3), leaf("bergamot", .4), rose}}
	amber := Part{"amber", 0.3, []Part{leaf("vanillin", .4), leaf("benzoin", .3), leaf("labdanum", .3)}}
	fresh := Part{"fresh", 0.5, []Part{
		leaf("limonene", .3), leaf("linalool", .3), leaf("citral", .1), leaf("bergamot", .3)}}
	base := Part{"base", 0.3, []Part{leaf("galaxolide", .5), leaf("cedrol", .3), leaf("coumarin", .2)}}
	return map[string]Part{
		"nocturne": {"nocturne", 1, []Part{chypre, amber, base}},
		"quay":     {"quay", 1, []Part{fresh, base, chypre}},
		"matinee":  {"matinee", 1, []Part{fresh, rose, amber, base}},
	}
}

// nose is the load: a perfumer who sends a formula each period.
func nose(base string, number int) {
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 1}}
	names := []string{"nocturne", "quay", "matinee"}
	time.Sleep(period * time.Duration(number) / noses)
	for turn, tick := number, time.NewTicker(period); ; turn++ {
		<-tick.C
		if answer, err := client.Get(base + "/formulas/" + names[turn%len(names)]); err == nil {
			io.Copy(io.Discard, answer.Body)
			answer.Body.Close()
		}
	}
}

func main() {
	if len(os.Args) == 3 && os.Args[1] == "noses" {
		for i := 1; i < noses; i++ {
			go nose(os.Args[2], i)
		}
		nose(os.Args[2], 0)
	}
	service := exec.Command(os.Getenv("PYTHON"), os.Getenv("SERVICES"), "http", "12")
	service.Stderr = os.Stderr
	told, err := service.Output()
	if err != nil {
		log.Fatal(err)
	}
	transport := &http.Transport{MaxIdleConnsPerHost: 64, IdleConnTimeout: time.Minute}
	register := &Register{
		base:   "http://127.0.0.1:" + strings.TrimSpace(string(told)),
		client: &http.Client{Transport: transport, Timeout: 5 * time.Second},
	}
	desk := &Desk{rule: Tightened{register, 0.8}, formulas: formulaBook()}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go http.Serve(listener, desk)
	load := exec.Command("/proc/self/exe", "noses", "http://"+listener.Addr().String())
	load.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := load.Start(); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("ready %d\n", os.Getpid())
	for range time.Tick(2 * time.Second) {
		n, spent := atomic.SwapInt64(&desk.served, 0), atomic.SwapInt64(&desk.spent, 0)
		asked := atomic.SwapInt64(&register.asked, 0)
		log.Printf("%d formulas, %.1f ms each, %d limits", n, float64(spent)/1e6/math.Max(1, float64(n)), asked)
	}
}
