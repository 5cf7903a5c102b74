// expect: healthy bench
// Keeps the soundings of marsh causeways: every 0.3 s the probes of one report together how deep their pegs sank,
// and for each the desk judges in one transaction, from the peg's history, whether the plank beside it bears walkers.
// (bearing() takes 9 ms in the database, which reads the history from a slower disk; it bears dozens at once.)
//
// Measured: a sounding takes 61 ms, in the twin 17 ms; both judge 63 a second.
// CPU 0.5 s in 23 s, in the twin 0.24 s in 17 s.
package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gorilla/mux"
	_ "github.com/lib/pq"
)

const probes = `import http.client, sys, threading, time
port, pegs, period = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
began = time.monotonic() + 0.2

def probe(peg):
    desk = http.client.HTTPConnection("127.0.0.1", port)
    turn = 0
    while True:
        turn = max(turn + 1, int((time.monotonic() - began) / period))
        time.sleep(max(0.0, began + turn * period - time.monotonic()))
        desk.request("POST", f"/pegs/{peg}/soundings?depth={20 + (peg * 7 + turn) % 30}")
        desk.getresponse().read()

for peg in range(1, pegs + 1):
    threading.Thread(target=probe, args=(peg,)).start()
`

// Config is what the desk is set up with.
type Config struct {
	DSN      string
	Pegs     int
	Period   time.Duration
	MaxOpen  int
	Lifetime time.Duration
}

func defaults(port string) Config {
	return Config{
		DSN:      "host=127.0.0.1 port=" + port + " user=postgres dbname=postgres sslmode=disable",
		Pegs:     20,
		Period:   300 * time.Millisecond,
		MaxOpen:  20,
		Lifetime: 30 * time.Minute,
	}
}

func open(config Config) (*sql.DB, error) {
	db, err := sql.Open("postgres", config.DSN)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(config.MaxOpen)
	db.SetMaxIdleConns(config.MaxOpen)
	db.SetConnMaxLifetime(config.Lifetime)
	return db, db.Ping()
}

type Verdict struct {
	Peg     int     `json:"peg"`
	Depth   float64 `json:"depth"`
	Bearing float64 `json:"bearing"`
	Safe    bool    `json:"safe"`
}

// Soundings is the repository of what the probes report.
type Soundings struct {
	db *sql.DB
}

func (s *Soundings) within(ctx context.Context, do func(tx *sql.Tx) error) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if err := do(tx); err != nil {
		return err
	}
	return tx.Commit()
}

func (s *Soundings) Judge(ctx context.Context, peg int, depth float64) (Verdict, error) {
	verdict := Verdict{Peg: peg, Depth: depth}
	err := s.within(ctx, func(tx *sql.Tx) error {
		if err := tx.QueryRowContext(ctx, "SELECT bearing($1, $2)", peg, depth).Scan(&verdict.Bearing); err != nil {
			return err
		}
		verdict.Safe = verdict.Bearing > 1.5
		_, err := tx.ExecContext(ctx, "UPDATE plank SET safe = $2, judged = now() WHERE peg = $1", peg, verdict.Safe)
		return err
	})
	return verdict, err
}

type Desk struct {
	soundings *Soundings
	served    int64
	failed    int64
	spent     int64
}

func (d *Desk) post(out http.ResponseWriter, request *http.Request) {
	began := time.Now()
	peg, _ := strconv.Atoi(mux.Vars(request)["peg"])
	depth, err := strconv.ParseFloat(request.URL.Query().Get("depth"), 64)
	if err != nil {
		http.Error(out, err.Error(), http.StatusBadRequest)
		return
	}
	ctx, cancel := context.WithTimeout(request.Context(), 5*time.Second)
	defer cancel()
	verdict, err := d.soundings.Judge(ctx, peg, depth)
	if err != nil {
		atomic.AddInt64(&d.failed, 1)
		http.Error(out, err.Error(), http.StatusServiceUnavailable)
		return
	}
	out.Header().Set("Content-Type", "application/json")
	json.NewEncoder(out).Encode(verdict)
	atomic.AddInt64(&d.spent, int64(time.Since(began)))
	atomic.AddInt64(&d.served, 1)
}

func (d *Desk) routes() http.Handler {
	router := mux.NewRouter()
	pegs := router.PathPrefix("/pegs/{peg:[0-9]+}").Subrouter()
	pegs.HandleFunc("/soundings", d.post).Methods(http.MethodPost)
	return router
}

func database() (string, error) {
	command := exec.Command(os.Getenv("PYTHON"), os.Getenv("SERVICES"), "postgres",
		"CREATE TABLE sounding (peg int, slot int, depth float8, PRIMARY KEY (peg, slot))",
		"CREATE TABLE plank (peg int PRIMARY KEY, safe boolean, judged timestamptz) WITH (fillfactor = 50)",
		"INSERT INTO sounding SELECT i % 20 + 1, i / 20, 20 + i * 11 % 30 FROM generate_series(1, 10000) i",
		"INSERT INTO plank SELECT i, true, now() FROM generate_series(1, 20) i",
		"CREATE FUNCTION bearing(asked int, now_deep float8) RETURNS float8 AS $$ DECLARE mean float8;"+
			" BEGIN PERFORM pg_sleep(0.009); SELECT avg(depth) INTO mean FROM sounding WHERE peg = asked AND slot < 40;"+
			" RETURN 60 / (mean * 0.6 + now_deep * 0.4); END $$ LANGUAGE plpgsql STABLE",
		"ANALYZE")
	command.Stderr = os.Stderr
	told, err := command.Output()
	return strings.TrimSpace(string(told)), err
}

func main() {
	port, err := database()
	if err != nil {
		log.Fatal(err)
	}
	config := defaults(port)
	db, err := open(config)
	if err != nil {
		log.Fatal(err)
	}
	desk := &Desk{soundings: &Soundings{db: db}}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go http.Serve(listener, desk.routes())
	reports := exec.Command(os.Getenv("PYTHON"), "-c", probes, fmt.Sprint(listener.Addr().(*net.TCPAddr).Port),
		fmt.Sprint(config.Pegs), fmt.Sprint(config.Period.Seconds()))
	if err := reports.Start(); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("ready %d\n", os.Getpid())
	for range time.Tick(10 * time.Second) {
		served := atomic.LoadInt64(&desk.served)
		each := float64(atomic.LoadInt64(&desk.spent)) / 1e6 / float64(served)
		log.Printf("%d served, %.1f ms each, %d failed", served, each, atomic.LoadInt64(&desk.failed))
	}
}
