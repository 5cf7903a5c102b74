// bench: healthy
// The water book of a wasabi farm: probes in the beds along a mountain stream send flow and warmth over HTTP; the desk
// collects them and writes them down five times a second, all at once. The farmers' tablets ask for a bed's last hours
// and get a forecast; a timer looks over the few sluices and sets those that must be opened.
//
// Measured: 200 requests a second, 0.6 ms each; 145 readings a second in 5 batches; CPU 3 % of a core.
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
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/mux"
	"github.com/lib/pq"
)

const visitors = `import http.client, os, random, sys, time
sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import clients, services
port, rate, beds, number = int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]), 8

def visitor(at):
    desk = http.client.HTTPConnection("127.0.0.1", port)
    due = time.monotonic() + at / rate
    while True:
        time.sleep(max(0.0, due - time.monotonic()))
        bed = random.randrange(beds)
        if random.random() < 0.7:
            flow, celsius = random.uniform(8, 30), random.gauss(12, 2)
            desk.request("POST", f"/beds/{bed}/water?flow={flow:.1f}&celsius={celsius:.1f}")
        else:
            desk.request("GET", f"/beds/{bed}/forecast")
        desk.getresponse().read()
        due = max(due + number / rate, time.monotonic() - 1)

services.outside(lambda: clients.crowd(visitor, number))
`

const (
	beds    = 80
	slots   = 48 // of a bed, written in turn
	waiting = 512
	batch   = 200
	period  = 200 * time.Millisecond
)

var errFull = errors.New("the book is behind")

type Water struct {
	Bed     int
	Slot    int
	Flow    float64
	Celsius float64
}

// Book collects what comes, and writes it down in batches.
type Book struct {
	db      *sql.DB
	queue   chan Water
	next    [beds]int32
	written int64
	batches int64
}

func (b *Book) Note(bed int, flow, celsius float64) error {
	slot := int(atomic.AddInt32(&b.next[bed], 1)) % slots
	select {
	case b.queue <- Water{bed, slot, flow, celsius}:
		return nil
	default:
		return errFull
	}
}

func (b *Book) Run() {
	ticker := time.NewTicker(period)
	defer ticker.Stop()
	pending := make([]Water, 0, batch)
	for {
		select {
		case water := <-b.queue:
			pending = append(pending, water)
			if len(pending) < batch {
				continue
			}
		case <-ticker.C:
			if len(pending) == 0 {
				continue
			}
		}
		if err := b.write(pending); err != nil {
			log.Printf("%d are lost: %v", len(pending), err)
		}
		pending = pending[:0]
	}
}

func (b *Book) write(pending []Water) error {
	last := map[[2]int]Water{} // one statement may not write a row twice
	for _, water := range pending {
		last[[2]int{water.Bed, water.Slot}] = water
	}
	var numbers, places []int64
	var flows, warmths []float64
	for _, water := range last {
		numbers = append(numbers, int64(water.Bed))
		places = append(places, int64(water.Slot))
		flows = append(flows, water.Flow)
		warmths = append(warmths, water.Celsius)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	_, err := b.db.ExecContext(ctx, `UPDATE water w SET flow = n.flow, celsius = n.celsius, noted = now()
		FROM unnest($1::int[], $2::int[], $3::float8[], $4::float8[]) AS n(bed, slot, flow, celsius)
		WHERE w.bed = n.bed AND w.slot = n.slot`,
		pq.Array(numbers), pq.Array(places), pq.Array(flows), pq.Array(warmths))
	atomic.AddInt64(&b.written, int64(len(last)))
	atomic.AddInt64(&b.batches, 1)
	return err
}

type Forecast struct {
	Bed     int     `json:"bed"`
	Flow    float64 `json:"flow"`
	Celsius float64 `json:"celsius"`
	Grows   bool    `json:"grows"`
	until   time.Time
}

// Forecasts keeps each bed's forecast for a second.
type Forecasts struct {
	last *sql.Stmt
	mu   sync.RWMutex
	kept [beds]*Forecast
}

func NewForecasts(db *sql.DB) (*Forecasts, error) {
	last, err := db.Prepare("SELECT flow, celsius FROM water WHERE bed = $1 ORDER BY noted DESC LIMIT 24")
	return &Forecasts{last: last}, err
}

func (f *Forecasts) Of(ctx context.Context, bed int) (*Forecast, error) {
	f.mu.RLock()
	kept := f.kept[bed]
	f.mu.RUnlock()
	if kept != nil && time.Now().Before(kept.until) {
		return kept, nil
	}
	made, err := f.make(ctx, bed)
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	f.kept[bed] = made
	f.mu.Unlock()
	return made, nil
}

func (f *Forecasts) make(ctx context.Context, bed int) (*Forecast, error) {
	rows, err := f.last.QueryContext(ctx, bed)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	told := &Forecast{Bed: bed, until: time.Now().Add(time.Second)}
	weights := 0.0
	for age := 0; rows.Next(); age++ {
		var flow, celsius float64
		if err := rows.Scan(&flow, &celsius); err != nil {
			return nil, err
		}
		weight := math.Exp(-float64(age) / 8)
		told.Flow += flow * weight
		told.Celsius += celsius * weight
		weights += weight
	}
	if weights > 0 {
		told.Flow, told.Celsius = told.Flow/weights, told.Celsius/weights
	}
	told.Grows = told.Flow > 12 && told.Celsius > 8 && told.Celsius < 16
	return told, rows.Err()
}

type Desk struct {
	book      *Book
	forecasts *Forecasts
	served    int64
	spent     int64
}

func bedOf(request *http.Request) (int, error) {
	bed, err := strconv.Atoi(mux.Vars(request)["bed"])
	if err == nil && bed >= beds {
		err = fmt.Errorf("there are %d beds", beds)
	}
	return bed, err
}

func (d *Desk) note(out http.ResponseWriter, request *http.Request) {
	bed, err := bedOf(request)
	query := request.URL.Query()
	flow, bad := strconv.ParseFloat(query.Get("flow"), 64)
	celsius, worse := strconv.ParseFloat(query.Get("celsius"), 64)
	if err != nil || bad != nil || worse != nil {
		http.Error(out, "not a reading", http.StatusBadRequest)
		return
	}
	if err := d.book.Note(bed, flow, celsius); err != nil {
		http.Error(out, err.Error(), http.StatusTooManyRequests)
		return
	}
	out.WriteHeader(http.StatusAccepted)
}

func (d *Desk) forecast(out http.ResponseWriter, request *http.Request) {
	bed, err := bedOf(request)
	if err != nil {
		http.Error(out, err.Error(), http.StatusNotFound)
		return
	}
	forecast, err := d.forecasts.Of(request.Context(), bed)
	if err != nil {
		http.Error(out, err.Error(), http.StatusServiceUnavailable)
		return
	}
	out.Header().Set("Content-Type", "application/json")
	json.NewEncoder(out).Encode(forecast)
}

func (d *Desk) timed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(out http.ResponseWriter, request *http.Request) {
		began := time.Now()
		next.ServeHTTP(out, request)
		atomic.AddInt64(&d.spent, int64(time.Since(began)))
		atomic.AddInt64(&d.served, 1)
	})
}

func (d *Desk) routes() http.Handler {
	router := mux.NewRouter()
	router.Use(d.timed)
	router.HandleFunc("/beds/{bed:[0-9]+}/water", d.note).Methods(http.MethodPost)
	router.HandleFunc("/beds/{bed:[0-9]+}/forecast", d.forecast).Methods(http.MethodGet)
	return router
}

func setSluices(db *sql.DB) error {
	_, err := db.Exec(`UPDATE sluice s SET open = f.flow < 15 FROM
		(SELECT bed % 8 AS sluice, avg(flow) AS flow FROM water WHERE slot < 12 GROUP BY 1) f WHERE s.sluice = f.sluice`)
	return err
}

func connect() (*sql.DB, error) {
	command := exec.Command(os.Getenv("PYTHON"), os.Getenv("SERVICES"), "postgres",
		"CREATE TABLE water (bed int, slot int, flow float8, celsius float8, noted timestamptz, PRIMARY KEY (bed, slot))"+
			" WITH (fillfactor = 50)",
		"CREATE TABLE sluice (sluice int PRIMARY KEY, open boolean) WITH (fillfactor = 50)",
		"INSERT INTO water SELECT i % 80, i / 80, 20, 12, now() FROM generate_series(0, 3839) i",
		"INSERT INTO sluice SELECT i, false FROM generate_series(0, 7) i", "ANALYZE")
	command.Stderr = os.Stderr
	told, err := command.Output()
	if err != nil {
		return nil, err
	}
	db, err := sql.Open("postgres", "host=127.0.0.1 port="+strings.TrimSpace(string(told))+
		" user=postgres dbname=postgres sslmode=disable")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(6)
	db.SetMaxIdleConns(6)
	return db, db.Ping()
}

func main() {
	db, err := connect()
	if err != nil {
		log.Fatal(err)
	}
	forecasts, err := NewForecasts(db)
	if err != nil {
		log.Fatal(err)
	}
	desk := &Desk{book: &Book{db: db, queue: make(chan Water, waiting)}, forecasts: forecasts}
	go desk.book.Run()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go func() { log.Fatal(http.Serve(listener, desk.routes())) }()
	port := fmt.Sprint(listener.Addr().(*net.TCPAddr).Port)
	if err := exec.Command(os.Getenv("PYTHON"), "-c", visitors, port, "200", fmt.Sprint(beds)).Run(); err != nil {
		log.Fatal(err)
	}
	time.Sleep(2 * time.Second)
	fmt.Printf("ready %d\n", os.Getpid())
	for second := 1; ; second++ {
		time.Sleep(time.Second)
		if err := setSluices(db); err != nil {
			log.Print(err)
		}
		if second%10 == 0 {
			served := atomic.LoadInt64(&desk.served)
			log.Printf("%d served, %.2f ms each, %d written in %d batches", served,
				float64(atomic.LoadInt64(&desk.spent))/1e6/float64(served), atomic.LoadInt64(&desk.book.written),
				atomic.LoadInt64(&desk.book.batches))
		}
	}
}
