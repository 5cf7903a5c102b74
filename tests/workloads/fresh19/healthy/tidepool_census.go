// bench: healthy
// Takes in the counts that school classes make in tide pools (some hundred rows in each upload, which go to PostgreSQL by
// COPY, row after row into one stream), and answers with the census of a shore by one statement that is prepared once.
// Measured: 2 % of a core; a census takes 4 ms.
package main

import (
	"context"
	"database/sql"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/gorilla/mux"
	"github.com/lib/pq"
)

type Count struct {
	Species string  `json:"species"`
	Group   string  `json:"group"`
	Animals int64   `json:"animals"`
	Pools   int64   `json:"pools"`
	Density float64 `json:"density"`
}

type Census struct {
	db      *sql.DB
	ofShore *sql.Stmt
}

const schema = `
CREATE TABLE species (code int PRIMARY KEY, name text NOT NULL, kind text NOT NULL);
CREATE TABLE pool (id int PRIMARY KEY, shore int NOT NULL, litres int NOT NULL);
CREATE TABLE counted (pool int NOT NULL, species int NOT NULL, animals int NOT NULL, at timestamptz NOT NULL DEFAULT now());
INSERT INTO species SELECT n, 'species ' || n, (ARRAY['snail','crab','anemone','fish','star'])[1 + n % 5] FROM generate_series(0, 29) n;
INSERT INTO pool SELECT n, n % 6, 20 + n * 31 % 400 FROM generate_series(0, 119) n;
INSERT INTO counted SELECT n % 120, n % 30, n % 17, now() FROM generate_series(1, 3000) n;
CREATE INDEX ON counted (pool);
CREATE INDEX ON counted (at);
ANALYZE`

const ofShore = `
SELECT s.name, s.kind, sum(c.animals), count(DISTINCT c.pool), sum(c.animals)::float8 / sum(p.litres)
FROM pool p JOIN counted c ON c.pool = p.id JOIN species s ON s.code = c.species
WHERE p.shore = $1 GROUP BY s.name, s.kind ORDER BY 3 DESC LIMIT 30`

func (c *Census) store(ctx context.Context, in io.Reader) (rows int, err error) {
	tx, err := c.db.BeginTx(ctx, nil)
	if err != nil {
		return 0, err
	}
	defer tx.Rollback()
	into, err := tx.PrepareContext(ctx, pq.CopyIn("counted", "pool", "species", "animals"))
	if err != nil {
		return 0, err
	}
	lines := csv.NewReader(in)
	lines.FieldsPerRecord = 3
	lines.ReuseRecord = true
	for {
		record, err := lines.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return 0, err
		}
		if _, err := into.ExecContext(ctx, record[0], record[1], record[2]); err != nil {
			return 0, err
		}
		rows++
	}
	if _, err := into.ExecContext(ctx); err != nil {
		return 0, err
	}
	if err := into.Close(); err != nil {
		return 0, err
	}
	return rows, tx.Commit()
}

func (c *Census) upload(w http.ResponseWriter, req *http.Request) {
	rows, err := c.store(req.Context(), http.MaxBytesReader(w, req.Body, 1<<20))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusCreated)
	fmt.Fprintf(w, `{"rows": %d}`, rows)
}

func (c *Census) shore(w http.ResponseWriter, req *http.Request) {
	shore, _ := strconv.Atoi(mux.Vars(req)["shore"])
	rows, err := c.ofShore.QueryContext(req.Context(), shore)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	defer rows.Close()
	counts := make([]Count, 0, 30)
	for rows.Next() {
		var one Count
		if err := rows.Scan(&one.Species, &one.Group, &one.Animals, &one.Pools, &one.Density); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		counts = append(counts, one)
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(counts)
}

// forget keeps the counts of the last seconds, which the displays on the beach show.
func (c *Census) forget() {
	for range time.Tick(3 * time.Second) {
		if _, err := c.db.Exec(`DELETE FROM counted WHERE at < now() - interval '5 seconds'`); err != nil {
			log.Print(err)
		}
	}
}

const classes = `
import http.client, os, random, sys, time
sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
from services import outside
def each(period, ask):
    connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]))
    due = time.monotonic()
    while True:
        connection.request(*ask())
        answer = connection.getresponse()
        assert answer.status < 300
        answer.read()
        due = max(due + period, time.monotonic() - 1)
        time.sleep(max(0, due - time.monotonic()))
def upload():
    rows = (f"{random.randrange(120)},{random.randrange(30)},{random.randrange(40)}\n" for _ in range(300))
    return "POST", "/counts", "".join(rows)
outside(lambda: each(0.1, upload))
outside(lambda: each(0.04, lambda: ("GET", f"/shores/{random.randrange(6)}")))
`

func python(arguments ...string) string {
	command := exec.Command(os.Getenv("PYTHON"), arguments...)
	command.Stderr = os.Stderr
	said, err := command.Output()
	if err != nil {
		log.Fatal(err)
	}
	return strings.TrimSpace(string(said))
}

func main() {
	port := python(append([]string{os.Getenv("SERVICES"), "postgres"}, strings.Split(schema, ";")...)...)
	db, err := sql.Open("postgres", fmt.Sprintf("host=127.0.0.1 port=%s user=postgres dbname=postgres sslmode=disable", port))
	if err != nil {
		log.Fatal(err)
	}
	db.SetMaxOpenConns(6)
	db.SetMaxIdleConns(6)
	census := &Census{db: db}
	if census.ofShore, err = db.Prepare(ofShore); err != nil {
		log.Fatal(err)
	}
	router := mux.NewRouter()
	router.HandleFunc("/counts", census.upload).Methods("POST")
	router.HandleFunc("/shores/{shore:[0-9]+}", census.shore).Methods("GET")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go census.forget()
	go func() { log.Fatal(http.Serve(listener, router)) }()
	python("-c", classes, strconv.Itoa(listener.Addr().(*net.TCPAddr).Port))
	time.Sleep(500 * time.Millisecond)
	fmt.Println("ready")
	select {}
}
