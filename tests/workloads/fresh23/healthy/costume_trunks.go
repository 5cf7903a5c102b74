// bench: healthy
// The hire desk of a theatre costume store: wardrobe mistresses look at trunks (what is in them, who has them, when they
// come back) and scan garments in and out. Looks costly, and is as it should be: trunks are cached, at most 200 and for
// three seconds each, under one mutex that is held for a map access; scans are gathered and written a few times a
// second, one statement for all of them; a job that lists what is overdue sleeps between its rounds; all share a pool of
// connections that has room for all.
//
// Measured: 240 questions a second, more than half of the trunks from the cache; CPU 2.5 % of a core.
package main

import (
	"container/list"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"math"
	"math/rand"
	"net"
	"net/http"
	"os"
	"os/exec"
	"sort"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/mux"
	"github.com/lib/pq"
)

const (
	trunks  = 600
	clients = 8
	rate    = 240 // questions a second
)

type Trunk struct {
	ID       int      `json:"id"`
	Play     string   `json:"play"`
	Period   string   `json:"period"`
	Garments []string `json:"garments"`
	Out      int      `json:"out"`
	Back     string   `json:"back"`
}

type kept struct {
	id    int
	trunk *Trunk
	until time.Time
}

// Cache holds the trunks that were looked at last.
type Cache struct {
	mutex  sync.Mutex
	most   int
	lives  time.Duration
	byID   map[int]*list.Element
	recent *list.List
}

func newCache(most int, lives time.Duration) *Cache {
	return &Cache{most: most, lives: lives, byID: map[int]*list.Element{}, recent: list.New()}
}

func (c *Cache) Get(id int) *Trunk {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	element := c.byID[id]
	if element == nil || time.Now().After(element.Value.(*kept).until) {
		return nil
	}
	c.recent.MoveToFront(element)
	return element.Value.(*kept).trunk
}

func (c *Cache) Put(trunk *Trunk) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	entry := &kept{trunk.ID, trunk, time.Now().Add(c.lives)}
	if element := c.byID[trunk.ID]; element != nil {
		element.Value = entry
		c.recent.MoveToFront(element)
		return
	}
	c.byID[trunk.ID] = c.recent.PushFront(entry)
	if c.recent.Len() > c.most {
		last := c.recent.Back()
		delete(c.byID, last.Value.(*kept).id)
		c.recent.Remove(last)
	}
}

type Scan struct {
	Trunk, Garment int
	Out            bool
}

// Store is all that the desk asks of the database.
type Store struct {
	db    *sql.DB
	trunk *sql.Stmt
}

func (s *Store) Trunk(ctx context.Context, id int) (*Trunk, error) {
	trunk := &Trunk{ID: id}
	row := s.trunk.QueryRowContext(ctx, id)
	err := row.Scan(&trunk.Play, &trunk.Period, pq.Array(&trunk.Garments), &trunk.Out, &trunk.Back)
	return trunk, err
}

// Note writes down scans, all with one statement.
func (s *Store) Note(ctx context.Context, scans []Scan) error {
	last := map[[2]int]bool{}
	for _, scan := range scans {
		last[[2]int{scan.Trunk, scan.Garment}] = scan.Out
	}
	var ids, garments []int64
	var out []bool
	for at, gone := range last {
		ids, garments, out = append(ids, int64(at[0])), append(garments, int64(at[1])), append(out, gone)
	}
	_, err := s.db.ExecContext(ctx, "UPDATE garment g SET away = s.away FROM unnest($1::int[], $2::int[], $3::bool[])"+
		" s(trunk, slot, away) WHERE g.trunk = s.trunk AND g.slot = s.slot", pq.Array(ids), pq.Array(garments),
		pq.Array(out))
	return err
}

func (s *Store) Overdue(ctx context.Context) (map[string]int, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT play, count(*) FROM trunk WHERE back < current_date GROUP BY play")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	found := map[string]int{}
	for rows.Next() {
		var play string
		var number int
		if err := rows.Scan(&play, &number); err != nil {
			return nil, err
		}
		found[play] = number
	}
	return found, rows.Err()
}

type Desk struct {
	store   *Store
	cache   *Cache
	scans   chan Scan
	served  int64
	hits    int64
	spent   int64
	written int64
}

func (d *Desk) show(out http.ResponseWriter, request *http.Request) {
	began := time.Now()
	id, _ := strconv.Atoi(mux.Vars(request)["id"])
	trunk := d.cache.Get(id)
	if trunk != nil {
		atomic.AddInt64(&d.hits, 1)
	} else {
		var err error
		trunk, err = d.store.Trunk(request.Context(), id)
		if err == sql.ErrNoRows {
			http.NotFound(out, request)
			return
		}
		if err != nil {
			log.Print(err)
			http.Error(out, "the store does not answer", http.StatusServiceUnavailable)
			return
		}
		d.cache.Put(trunk)
	}
	out.Header().Set("Content-Type", "application/json")
	json.NewEncoder(out).Encode(trunk)
	atomic.AddInt64(&d.spent, int64(time.Since(began)))
	atomic.AddInt64(&d.served, 1)
}

func (d *Desk) scan(out http.ResponseWriter, request *http.Request) {
	id, _ := strconv.Atoi(mux.Vars(request)["id"])
	garment, err := strconv.Atoi(request.URL.Query().Get("garment"))
	if err != nil {
		http.Error(out, err.Error(), http.StatusBadRequest)
		return
	}
	select {
	case d.scans <- Scan{id, garment, request.URL.Query().Get("way") == "out"}:
		out.WriteHeader(http.StatusAccepted)
	default:
		http.Error(out, "too many scans", http.StatusTooManyRequests)
	}
}

// write takes the scans that have come in a quarter of a second together.
func (d *Desk) write() {
	for first := range d.scans {
		scans := []Scan{first}
		time.Sleep(250 * time.Millisecond)
		for len(d.scans) > 0 && len(scans) < 500 {
			scans = append(scans, <-d.scans)
		}
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		if err := d.store.Note(ctx, scans); err != nil {
			log.Printf("%d scans lost: %v", len(scans), err)
		}
		cancel()
		atomic.AddInt64(&d.written, int64(len(scans)))
	}
}

// remind lists what is overdue, every five seconds.
func (d *Desk) remind() {
	for {
		time.Sleep(5 * time.Second)
		overdue, err := d.store.Overdue(context.Background())
		if err != nil {
			log.Print(err)
			continue
		}
		plays := make([]string, 0, len(overdue))
		for play := range overdue {
			plays = append(plays, play)
		}
		sort.Slice(plays, func(i, j int) bool { return overdue[plays[i]] > overdue[plays[j]] })
		served := math.Max(1, float64(atomic.SwapInt64(&d.served, 0)))
		log.Printf("overdue: %s; %.0f trunks shown, %.0f %% from the cache, %.2f ms each, %d scans", plays[0], served,
			float64(atomic.SwapInt64(&d.hits, 0))/served*100, float64(atomic.SwapInt64(&d.spent, 0))/1e6/served,
			atomic.SwapInt64(&d.written, 0))
	}
}

func client(base string, number int) {
	asking := &http.Client{Timeout: 10 * time.Second}
	zipf := rand.NewZipf(rand.New(rand.NewSource(int64(number))), 1.1, 12, trunks-1)
	due := time.Now().Add(time.Duration(number) * time.Second / clients)
	failed := 0
	for turn := 0; ; turn++ {
		time.Sleep(time.Until(due))
		due = due.Add(clients * time.Second / rate)
		url := fmt.Sprintf("%s/trunks/%d", base, zipf.Uint64()+1)
		var answer *http.Response
		var err error
		if turn%4 == 0 {
			way := [2]string{"out", "in"}[turn/4%2]
			answer, err = asking.Post(fmt.Sprintf("%s/scans?garment=%d&way=%s", url, turn%12, way), "text/plain", nil)
		} else {
			answer, err = asking.Get(url)
		}
		if err != nil {
			if failed++; failed > 20 {
				os.Exit(1)
			}
			time.Sleep(500 * time.Millisecond)
			due = time.Now()
			continue
		}
		failed = 0
		io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
	}
}

func database() (*sql.DB, error) {
	command := exec.Command(os.Getenv("PYTHON"), os.Getenv("SERVICES"), "postgres",
		"CREATE TABLE trunk (id int PRIMARY KEY, play text, period text, back date)",
		"CREATE TABLE garment (trunk int, slot int, name text, away boolean, PRIMARY KEY (trunk, slot))"+
			" WITH (fillfactor = 60)",
		"INSERT INTO trunk SELECT i, 'play ' || i % 40, (ARRAY['Tudor', 'Regency', 'Belle Epoque'])[i % 3 + 1],"+
			" current_date + i % 30 - 5 FROM generate_series(1, 600) i",
		"INSERT INTO garment SELECT t, s, 'garment ' || t * s % 97, (t + s) % 3 = 0"+
			" FROM generate_series(1, 600) t, generate_series(0, 11) s",
		"ANALYZE")
	command.Stderr = os.Stderr
	told, err := command.Output()
	if err != nil {
		return nil, err
	}
	db, err := sql.Open("postgres", "host=127.0.0.1 user=postgres dbname=postgres sslmode=disable port="+
		strings.TrimSpace(string(told)))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(10)
	db.SetMaxIdleConns(10)
	return db, db.Ping()
}

func main() {
	if len(os.Args) == 3 && os.Args[1] == "clients" {
		for number := 1; number < clients; number++ {
			go client(os.Args[2], number)
		}
		client(os.Args[2], 0)
	}
	db, err := database()
	if err != nil {
		log.Fatal(err)
	}
	trunk, err := db.Prepare("SELECT play, period, array_agg(name ORDER BY slot), count(*) FILTER (WHERE away), back::text" +
		" FROM trunk JOIN garment ON trunk = id WHERE id = $1 GROUP BY id")
	if err != nil {
		log.Fatal(err)
	}
	desk := &Desk{store: &Store{db, trunk}, cache: newCache(200, 3*time.Second), scans: make(chan Scan, 1000)}
	router := mux.NewRouter()
	router.HandleFunc("/trunks/{id:[0-9]+}", desk.show).Methods(http.MethodGet)
	router.HandleFunc("/trunks/{id:[0-9]+}/scans", desk.scan).Methods(http.MethodPost)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go func() { log.Fatal(http.Serve(listener, router)) }()
	go desk.write()
	self, err := os.Executable()
	if err != nil {
		log.Fatal(err)
	}
	load := fmt.Sprintf("'%s' clients http://%s >/dev/null 2>&1 &", self, listener.Addr())
	if err := exec.Command("sh", "-c", load).Run(); err != nil {
		log.Fatal(err)
	}
	time.Sleep(3 * time.Second)
	fmt.Printf("ready %d\n", os.Getpid())
	desk.remind()
}
