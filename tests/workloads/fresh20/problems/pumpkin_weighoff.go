// expect: pattern=serialization-overhead bench
// Takes in the weigh-off sheets of giant pumpkin contests: the sites send the sheet of a table (some ninety fruits with
// weights and tape measures), it goes through the steps of the rules (units, tare, damage, estimates, classes, prizes),
// and the site gets back its ranking and a seal.
//
// Measured: CPU 0.33 of a core, in the twin 0.064; a sheet takes 4 ms, in the twin 0.6 ms; both take in 80 a second.
package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"math"
	"net"
	"net/http"
	"os"
	"os/exec"
	"sort"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

const largest = 256 << 10 // bytes of a sheet

// sites send their sheets, from one process.
const sites = `
import http.client, json, os, random, sys, threading, time
sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import services
port, count, rate = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
kinds = ("pumpkin", "squash", "marrow", "long gourd")

def sheet(seed):
    dice = random.Random(seed)
    fruits = []
    for entry in range(dice.randrange(80, 100)):
        pounds = dice.random() < 0.4
        around = dice.uniform(200, 560)
        fruits.append({
            "entry": f"E{seed:02}-{entry:03}", "grower": f"Grower {dice.randrange(400)}", "kind": dice.choice(kinds),
            "gross": round(around ** 2.72 / 2e4 * (2.2046 if pounds else 1), 1), "unit": "lb" if pounds else "kg",
            "pallet": dice.choice(("A", "B", "tarp")), "tapes": [round(around * dice.uniform(0.6, 1.1), 1)
                for _ in range(3)], "holes": dice.randrange(8) == 0, "rot": round(dice.random() * 4, 1),
            "seed": f"{dice.randrange(900, 2400)} {dice.choice(('Paton', 'Wallace', 'Gienger'))} {dice.randrange(25)}",
        })
    return json.dumps({"site": f"Site {seed}", "table": seed % 7, "fruits": fruits}).encode()

def site(number, sheets):
    line, due = http.client.HTTPConnection("127.0.0.1", port), time.monotonic() + number / rate
    for turn in range(1 << 40):
        time.sleep(max(0.0, due - time.monotonic()))
        line.request("POST", "/sheets", sheets[(number * 7 + turn) % len(sheets)])
        line.getresponse().read()
        due = max(due + count / rate, time.monotonic() - 1)

def season():
    sheets = [sheet(seed) for seed in range(24)]
    threads = [threading.Thread(target=site, args=(number, sheets)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

services.outside(season)
`

type Fruit struct {
	Entry    string    `json:"entry"`
	Grower   string    `json:"grower"`
	Kind     string    `json:"kind"`
	Gross    float64   `json:"gross"`
	Unit     string    `json:"unit"`
	Pallet   string    `json:"pallet"`
	Tapes    []float64 `json:"tapes"`
	Holes    bool      `json:"holes"`
	Rot      float64   `json:"rot"`
	Seed     string    `json:"seed"`
	Net      float64   `json:"net,omitempty"`
	Estimate float64   `json:"estimate,omitempty"`
	Class    string    `json:"class,omitempty"`
	Remark   string    `json:"remark,omitempty"`
	Prize    int       `json:"prize,omitempty"`
}

type Sheet struct {
	Site   string  `json:"site"`
	Table  int     `json:"table"`
	Fruits []Fruit `json:"fruits"`
}

// Step is one of the steps of the rules. Associations may bring their own.
type Step interface {
	Name() string
	Handle(message []byte) ([]byte, error)
}

type rule struct {
	name  string
	apply func(*Sheet) error
}

func (r rule) Name() string { return r.name }

func (r rule) Handle(message []byte) ([]byte, error) {
	var sheet Sheet
	if err := json.Unmarshal(message, &sheet); err != nil { // <- cost
		return nil, err
	}
	if err := r.apply(&sheet); err != nil {
		return nil, err
	}
	return json.Marshal(sheet) // <- cost
}

func units(sheet *Sheet) error {
	for i := range sheet.Fruits {
		fruit := &sheet.Fruits[i]
		switch fruit.Unit {
		case "kg":
		case "lb":
			fruit.Gross, fruit.Unit = fruit.Gross/2.2046226, "kg"
		default:
			return fmt.Errorf("%s: weighed in %q", fruit.Entry, fruit.Unit)
		}
	}
	return nil
}

func tare(sheet *Sheet) error {
	for i := range sheet.Fruits {
		fruit := &sheet.Fruits[i]
		switch fruit.Pallet {
		case "A":
			fruit.Net = fruit.Gross - 21.5
		case "B":
			fruit.Net = fruit.Gross - 17
		default:
			fruit.Net = fruit.Gross - 2.3
		}
	}
	return nil
}

func damage(sheet *Sheet) error {
	for i := range sheet.Fruits {
		fruit := &sheet.Fruits[i]
		if fruit.Holes {
			fruit.Remark = "exhibition only: hole into the cavity"
		} else if fruit.Rot > 3.5 {
			fruit.Remark = "exhibition only: soft spots"
		}
	}
	return nil
}

// estimate works out from the three tape measures what the fruit ought to weigh (the growers' charts).
func estimate(sheet *Sheet) error {
	for i := range sheet.Fruits {
		fruit := &sheet.Fruits[i]
		if len(fruit.Tapes) != 3 {
			return fmt.Errorf("%s: %d tape measures", fruit.Entry, len(fruit.Tapes))
		}
		over := fruit.Tapes[0] + fruit.Tapes[1] + fruit.Tapes[2]
		fruit.Estimate = math.Pow(over/2.54, 2.72) / 1e4 / 2.2046226
		if fruit.Remark == "" && math.Abs(fruit.Net/fruit.Estimate-1) > 0.8 {
			fruit.Remark = "weigh again"
		}
	}
	return nil
}

func classes(sheet *Sheet) error {
	for i := range sheet.Fruits {
		fruit := &sheet.Fruits[i]
		switch {
		case strings.HasPrefix(fruit.Remark, "exhibition"):
			fruit.Class = "exhibition"
		case fruit.Net > 450:
			fruit.Class = "giant " + fruit.Kind
		default:
			fruit.Class = fruit.Kind
		}
	}
	return nil
}

func prizes(sheet *Sheet) error {
	sort.SliceStable(sheet.Fruits, func(i, j int) bool { return sheet.Fruits[i].Net > sheet.Fruits[j].Net })
	places := map[string]int{}
	for i := range sheet.Fruits {
		fruit := &sheet.Fruits[i]
		if fruit.Class == "exhibition" {
			continue
		}
		places[fruit.Class]++
		if place := places[fruit.Class]; place <= 3 {
			fruit.Prize = place
		}
	}
	return nil
}

// Rules are the steps, in their order.
type Rules struct {
	steps []Step
}

func (r *Rules) Apply(message []byte) (*Sheet, error) {
	for _, step := range r.steps {
		done, err := step.Handle(message) // <- cost
		if err != nil {
			return nil, fmt.Errorf("%s: %w", step.Name(), err)
		}
		message = done
	}
	sheet := &Sheet{}
	return sheet, json.Unmarshal(message, sheet)
}

type Ranking struct {
	Site    string   `json:"site"`
	Winners []string `json:"winners"`
	Again   []string `json:"again"`
	Total   float64  `json:"total"`
	Seal    string   `json:"seal"`
}

func rank(sheet *Sheet) Ranking {
	ranking := Ranking{Site: sheet.Site, Winners: []string{}, Again: []string{}}
	seal := sha256.New()
	for _, fruit := range sheet.Fruits {
		ranking.Total += fruit.Net
		if fruit.Prize > 0 {
			ranking.Winners = append(ranking.Winners, strconv.Itoa(fruit.Prize)+" "+fruit.Class+": "+fruit.Grower)
		}
		if fruit.Remark == "weigh again" {
			ranking.Again = append(ranking.Again, fruit.Entry)
		}
		io.WriteString(seal, fruit.Entry)
		io.WriteString(seal, strconv.FormatFloat(fruit.Net, 'f', 2, 64))
	}
	ranking.Seal = hex.EncodeToString(seal.Sum(nil))
	return ranking
}

type Service struct {
	rules         *Rules
	served, spent int64
}

func (s *Service) ServeHTTP(out http.ResponseWriter, request *http.Request) {
	began := time.Now()
	body, err := io.ReadAll(http.MaxBytesReader(out, request.Body, largest))
	if err != nil {
		http.Error(out, err.Error(), http.StatusRequestEntityTooLarge)
		return
	}
	sheet, err := s.rules.Apply(body)
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax):
		http.Error(out, err.Error(), http.StatusBadRequest)
		return
	case err != nil:
		http.Error(out, err.Error(), http.StatusUnprocessableEntity)
		return
	}
	out.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(out).Encode(rank(sheet)); err != nil {
		log.Print(err)
	}
	atomic.AddInt64(&s.served, 1)
	atomic.AddInt64(&s.spent, int64(time.Since(began)))
}

func main() {
	service := &Service{rules: &Rules{steps: []Step{
		rule{"units", units},
		rule{"tare", tare},
		rule{"damage", damage},
		rule{"estimate", estimate},
		rule{"classes", classes},
		rule{"prizes", prizes},
	}}}
	mux := http.NewServeMux()
	mux.Handle("/sheets", service)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go func() { log.Fatal(http.Serve(listener, mux)) }()
	port := strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
	if err := exec.Command(os.Getenv("PYTHON"), "-c", sites, port, "6", "80").Run(); err != nil {
		log.Fatal(err)
	}
	time.Sleep(3 * time.Second)
	fmt.Printf("ready %d\n", os.Getpid())
	for range time.Tick(10 * time.Second) {
		served := atomic.SwapInt64(&service.served, 0)
		each := float64(atomic.SwapInt64(&service.spent, 0)) / 1e6 / float64(served)
		log.Printf("%d sheets, %.2f ms each", served, each)
	}
}
