// bench: healthy
// Hires of sedan chairs at a baroque festival: a lady at one of the gates asks for a chair, gets the free pair of
// bearers that is nearest, and the hire goes to the ledger (PostgreSQL), many at once; the marshal reads the pairs.
//
// Measured: 110 requests a second, the hires in 4 batches a second; CPU 2.1 % of a core.
package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
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
	"github.com/lib/pq"
)

const (
	pairs   = 48
	gates   = 24
	batch   = 200
	flushIn = 250 * time.Millisecond
	keep    = 20000
)

var errNoneFree = errors.New("no chair is free")

type Hire struct {
	Pair, From, To int
	Farthings      int
	At             time.Time
}

type Pair struct {
	ID     int       `json:"id"`
	X      float64   `json:"x"`
	Y      float64   `json:"y"`
	Free   time.Time `json:"free"`
	Hires  int       `json:"hires"`
	Earned int       `json:"earned"`
}

func gateAt(gate int) (float64, float64) {
	angle := 2 * math.Pi * float64(gate) / gates
	return 400 * math.Cos(angle), 260 * math.Sin(angle)
}

// Stand knows where the pairs of bearers are.
type Stand struct {
	mutex sync.Mutex
	pairs [pairs]Pair
}

func NewStand() *Stand {
	stand := &Stand{}
	for i := range stand.pairs {
		x, y := gateAt(i * 5)
		stand.pairs[i] = Pair{ID: i, X: x / 2, Y: y / 2}
	}
	return stand
}

// Send the nearest free pair to a gate, and on to another.
func (s *Stand) Send(from, to int, now time.Time) (Hire, error) {
	x, y := gateAt(from)
	toX, toY := gateAt(to)
	s.mutex.Lock()
	defer s.mutex.Unlock()
	best, nearest := -1, math.MaxFloat64
	for i := range s.pairs {
		pair := &s.pairs[i]
		if pair.Free.After(now) {
			continue
		}
		if away := (pair.X-x)*(pair.X-x) + (pair.Y-y)*(pair.Y-y); away < nearest {
			best, nearest = i, away
		}
	}
	if best < 0 {
		return Hire{}, errNoneFree
	}
	pair := &s.pairs[best]
	paces := math.Sqrt(nearest) + math.Hypot(toX-x, toY-y)
	farthings := 4 + int(paces/90)
	pair.X, pair.Y = toX, toY
	pair.Free = now.Add(time.Duration(paces*0.3) * time.Millisecond) // (the festival is quick)
	pair.Hires++
	pair.Earned += farthings
	return Hire{pair.ID, from, to, farthings, now}, nil
}

func (s *Stand) Pairs() []Pair {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return append([]Pair(nil), s.pairs[:]...)
}

// Ledger writes hires down, as many at once as have come in a while.
type Ledger struct {
	write, trim *sql.Stmt
	hires       chan Hire
	lost        int64
	written     int64
	batches     int64
}

func NewLedger(db *sql.DB) (*Ledger, error) {
	write, err := db.Prepare(`INSERT INTO hire (pair, gate_from, gate_to, farthings, at)
		SELECT * FROM unnest($1::int[], $2::int[], $3::int[], $4::int[], $5::float8[])`)
	if err != nil {
		return nil, err
	}
	trim, err := db.Prepare("DELETE FROM hire WHERE id < (SELECT max(id) FROM hire) - $1")
	return &Ledger{write: write, trim: trim, hires: make(chan Hire, 4*batch)}, err
}

func (l *Ledger) Enter(hire Hire) {
	select {
	case l.hires <- hire:
	default:
		atomic.AddInt64(&l.lost, 1)
	}
}

func (l *Ledger) save(ctx context.Context, hires []Hire) error {
	var pair, from, to, farthings pq.Int64Array
	var at pq.Float64Array
	for _, hire := range hires {
		pair = append(pair, int64(hire.Pair))
		from = append(from, int64(hire.From))
		to = append(to, int64(hire.To))
		farthings = append(farthings, int64(hire.Farthings))
		at = append(at, float64(hire.At.UnixMilli())/1000)
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	_, err := l.write.ExecContext(ctx, pair, from, to, farthings, at)
	return err
}

func (l *Ledger) Run(ctx context.Context) {
	flush := time.NewTicker(flushIn)
	trim := time.NewTicker(15 * time.Second)
	waiting := make([]Hire, 0, batch)
	for {
		select {
		case hire := <-l.hires:
			waiting = append(waiting, hire)
			if len(waiting) < batch {
				continue
			}
		case <-flush.C:
		case <-trim.C:
			if _, err := l.trim.ExecContext(ctx, keep); err != nil {
				log.Print(err)
			}
			continue
		}
		if len(waiting) == 0 {
			continue
		}
		if err := l.save(ctx, waiting); err != nil {
			log.Print(err)
			atomic.AddInt64(&l.lost, int64(len(waiting)))
		} else {
			atomic.AddInt64(&l.written, int64(len(waiting)))
			atomic.AddInt64(&l.batches, 1)
		}
		waiting = waiting[:0]
	}
}

type Office struct {
	stand  *Stand
	ledger *Ledger
	today  *sql.Stmt
}

func answer(w http.ResponseWriter, status int, value interface{}) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(value)
}

func (o *Office) hire(w http.ResponseWriter, r *http.Request) {
	from, _ := strconv.Atoi(mux.Vars(r)["from"])
	to, _ := strconv.Atoi(mux.Vars(r)["to"])
	if from >= gates || to >= gates || from == to {
		answer(w, http.StatusBadRequest, map[string]string{"error": "no such way"})
		return
	}
	hire, err := o.stand.Send(from, to, time.Now())
	if err != nil {
		w.Header().Set("Retry-After", "5")
		answer(w, http.StatusServiceUnavailable, map[string]string{"error": err.Error()})
		return
	}
	o.ledger.Enter(hire)
	answer(w, http.StatusOK, map[string]int{"pair": hire.Pair, "farthings": hire.Farthings})
}

func (o *Office) pairs(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, o.stand.Pairs())
}

func (o *Office) gate(w http.ResponseWriter, r *http.Request) {
	gate, _ := strconv.Atoi(mux.Vars(r)["gate"])
	var hires, farthings int
	if err := o.today.QueryRowContext(r.Context(), gate).Scan(&hires, &farthings); err != nil {
		answer(w, http.StatusServiceUnavailable, map[string]string{"error": "the ledger is closed"})
		return
	}
	answer(w, http.StatusOK, map[string]int{"hires": hires, "farthings": farthings})
}

func database() (*sql.DB, error) {
	command := exec.Command(os.Getenv("PYTHON"), os.Getenv("SERVICES"), "postgres",
		`CREATE TABLE hire (id bigserial PRIMARY KEY, pair int, gate_from int, gate_to int, farthings int, at float8)`,
		"CREATE INDEX ON hire (gate_from, id)")
	command.Stderr = os.Stderr
	told, err := command.Output()
	if err != nil {
		return nil, err
	}
	db, err := sql.Open("postgres", fmt.Sprintf("host=127.0.0.1 port=%s user=postgres dbname=postgres sslmode=disable",
		strings.TrimSpace(string(told))))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(4)
	db.SetMaxIdleConns(4)
	return db, db.Ping()
}

func guests(port int) error {
	var paths []string
	for from := 0; from < gates; from++ {
		for _, way := range []int{1, 7, 11, 16} {
			paths = append(paths, fmt.Sprintf("/hire/%d/%d", from, (from+way)%gates))
		}
		paths = append(paths, fmt.Sprintf("/gates/%d", from))
	}
	paths = append(paths, "/pairs", "/pairs", "/hire/3/3")
	clients := filepath.Join(filepath.Dir(os.Getenv("SERVICES")), "clients.py")
	asked := strings.Join(paths, ",")
	return exec.Command(os.Getenv("PYTHON"), clients, "http", strconv.Itoa(port), asked, "110", "8").Run()
}

func main() {
	db, err := database()
	if err != nil {
		log.Fatal(err)
	}
	ledger, err := NewLedger(db)
	if err != nil {
		log.Fatal(err)
	}
	today, err := db.Prepare(`SELECT count(*), coalesce(sum(farthings), 0) FROM
		(SELECT farthings FROM hire WHERE gate_from = $1 ORDER BY id DESC LIMIT 50) latest`)
	if err != nil {
		log.Fatal(err)
	}
	office := &Office{NewStand(), ledger, today}
	go ledger.Run(context.Background())
	router := mux.NewRouter()
	router.HandleFunc("/hire/{from:[0-9]+}/{to:[0-9]+}", office.hire)
	router.HandleFunc("/gates/{gate:[0-9]+}", office.gate)
	router.HandleFunc("/pairs", office.pairs)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	server := &http.Server{Handler: router, ReadHeaderTimeout: 10 * time.Second}
	go func() { log.Fatal(server.Serve(listener)) }()
	if err := guests(listener.Addr().(*net.TCPAddr).Port); err != nil {
		log.Fatal(err)
	}
	time.Sleep(time.Second)
	fmt.Printf("ready %d\n", os.Getpid())
	for range time.Tick(10 * time.Second) {
		log.Printf("%d hires in %d batches, %d lost", atomic.LoadInt64(&ledger.written),
			atomic.LoadInt64(&ledger.batches), atomic.LoadInt64(&ledger.lost))
	}
}
