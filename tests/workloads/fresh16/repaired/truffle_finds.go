// expect: healthy bench
// The register of truffle orchards: dog handlers' phones ask for an orchard before they walk it, and the register
// answers which host trees to try first, from what the dogs found below each of them in the last seasons.
//
// Measured: an orchard takes 31.8 ms, in the twin 2.4 ms, at 22 and 24 requests a second.
// CPU 1.9 s in 15 s, in the twin 0.26 s.
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
	"sort"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gorilla/mux"
	"github.com/lib/pq"
)

const orchards = 50

const handlers = `import os, sys
sys.path.append(os.path.dirname(os.environ["SERVICES"]))
import services
services.customers(int(sys.argv[1]), sys.argv[2].split(","), 6, pause=0.25)`

type Tree struct {
	ID      int    `json:"id"`
	Species string `json:"species"`
	Row     int    `json:"row"`
}

type Find struct {
	Season int
	Grams  float64
	Ripe   bool
}

type Prospect struct {
	Tree
	Finds  int     `json:"finds"`
	Grams  float64 `json:"grams"`
	Chance float64 `json:"chance"`
}

// Store is what the handlers see of the database.
type Store struct {
	db *sql.DB
}

func (s *Store) OrchardName(ctx context.Context, id int) (string, error) {
	var name string
	err := s.db.QueryRowContext(ctx, "SELECT name FROM orchard WHERE id = $1", id).Scan(&name)
	return name, err
}

func (s *Store) Trees(ctx context.Context, orchard int) ([]Tree, error) {
	rows, err := s.db.QueryContext(ctx,
		"SELECT id, species, walk_row FROM tree WHERE orchard_id = $1 ORDER BY walk_row", orchard)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []Tree
	for rows.Next() {
		var tree Tree
		if err := rows.Scan(&tree.ID, &tree.Species, &tree.Row); err != nil {
			return nil, err
		}
		all = append(all, tree)
	}
	return all, rows.Err()
}

func (s *Store) Finds(ctx context.Context, trees []Tree) (map[int][]Find, error) {
	ids := make([]int, len(trees))
	for i, tree := range trees {
		ids[i] = tree.ID
	}
	rows, err := s.db.QueryContext(ctx,
		"SELECT tree_id, season, grams, ripe FROM find WHERE tree_id = ANY($1)", pq.Array(ids))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	all := make(map[int][]Find, len(trees))
	for rows.Next() {
		var tree int
		var find Find
		if err := rows.Scan(&tree, &find.Season, &find.Grams, &find.Ripe); err != nil {
			return nil, err
		}
		all[tree] = append(all[tree], find)
	}
	return all, rows.Err()
}

type Forecast struct {
	store *Store
}

func prospect(tree Tree, finds []Find) Prospect {
	p := Prospect{Tree: tree, Finds: len(finds)}
	for _, find := range finds {
		p.Grams += find.Grams
		weight := 1 / float64(2027-find.Season)
		if find.Ripe {
			p.Chance += weight
		}
	}
	if tree.Species == "holm oak" {
		p.Chance *= 1.2
	}
	return p
}

func (f *Forecast) Orchard(ctx context.Context, orchard int) ([]Prospect, error) {
	trees, err := f.store.Trees(ctx, orchard)
	if err != nil {
		return nil, err
	}
	finds, err := f.store.Finds(ctx, trees)
	if err != nil {
		return nil, err
	}
	prospects := make([]Prospect, 0, len(trees))
	for _, tree := range trees {
		prospects = append(prospects, prospect(tree, finds[tree.ID]))
	}
	sort.SliceStable(prospects, func(a, b int) bool { return prospects[a].Chance > prospects[b].Chance })
	return prospects, nil
}

type API struct {
	store    *Store
	forecast *Forecast
	served   int64
	spent    int64
}

func (a *API) orchard(out http.ResponseWriter, request *http.Request) {
	id, err := strconv.Atoi(mux.Vars(request)["id"])
	if err != nil {
		http.Error(out, err.Error(), http.StatusBadRequest)
		return
	}
	name, err := a.store.OrchardName(request.Context(), id)
	if err == sql.ErrNoRows {
		http.NotFound(out, request)
		return
	}
	var prospects []Prospect
	if err == nil {
		prospects, err = a.forecast.Orchard(request.Context(), id)
	}
	if err != nil {
		http.Error(out, err.Error(), http.StatusInternalServerError)
		return
	}
	out.Header().Set("Content-Type", "application/json")
	answer := map[string]interface{}{"orchard": name, "first": prospects[:12], "trees": len(prospects)}
	json.NewEncoder(out).Encode(answer)
}

func (a *API) timed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(out http.ResponseWriter, request *http.Request) {
		began := time.Now()
		next.ServeHTTP(out, request)
		atomic.AddInt64(&a.spent, int64(time.Since(began)))
		atomic.AddInt64(&a.served, 1)
	})
}

func database() (*sql.DB, error) {
	command := exec.Command(os.Getenv("PYTHON"), os.Getenv("SERVICES"), "postgres",
		"CREATE TABLE orchard (id int PRIMARY KEY, name text NOT NULL)",
		"CREATE TABLE tree (id int PRIMARY KEY, orchard_id int REFERENCES orchard, species text, walk_row int)",
		"CREATE TABLE find (id int PRIMARY KEY, tree_id int REFERENCES tree, season int, grams float8, ripe boolean)",
		"INSERT INTO orchard SELECT i, 'truffiere ' || i FROM generate_series(1, 50) i",
		"INSERT INTO tree SELECT i, i % 50 + 1, (ARRAY['holm oak', 'hazel', 'downy oak'])[i % 3 + 1], i / 50"+
			" FROM generate_series(1, 5000) i",
		"INSERT INTO find SELECT i, i % 5000 + 1, 2020 + i / 5000, 5 + i * 7 % 90, i % 4 > 0"+
			" FROM generate_series(1, 25000) i",
		"CREATE INDEX ON tree (orchard_id)", "CREATE INDEX ON find (tree_id)", "ANALYZE")
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
	db.SetMaxOpenConns(6)
	db.SetMaxIdleConns(6)
	return db, db.Ping()
}

func main() {
	db, err := database()
	if err != nil {
		log.Fatal(err)
	}
	store := &Store{db: db}
	api := &API{store: store, forecast: &Forecast{store: store}}
	router := mux.NewRouter()
	router.Use(api.timed)
	router.HandleFunc("/orchards/{id:[0-9]+}", api.orchard).Methods(http.MethodGet)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go http.Serve(listener, router)
	paths := make([]string, orchards)
	for i := range paths {
		paths[i] = fmt.Sprintf("/orchards/%d", i+1)
	}
	port := fmt.Sprint(listener.Addr().(*net.TCPAddr).Port)
	if err := exec.Command(os.Getenv("PYTHON"), "-c", handlers, port, strings.Join(paths, ",")).Run(); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("ready %d\n", os.Getpid())
	for range time.Tick(10 * time.Second) {
		served := atomic.LoadInt64(&api.served)
		log.Printf("%d served, %.1f ms each", served, float64(atomic.LoadInt64(&api.spent))/1e6/float64(served))
	}
}
