// expect: pattern=slow-dependency bench
// Search desk of a hydrographic office: mariners look for notices that name a wreck, by HTTP; the notices are kept
// in PostgreSQL and reached with lib/pq over a small pool.
// Measured: an answer takes 150 ms (median), where the same server with an index needs 1.1 ms; this process uses 0.2
// % of a core.
package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"log"
	"math/rand"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lib/pq"
)

var (
	heads   = []string{"Kar", "Mel", "Thor", "Bri", "Sun", "Ald", "Fen", "Gro", "Har", "Isk", "Jor", "Lun", "Nor", "Oss", "Pel", "Rag", "Sel", "Tor", "Ulv", "Wan"}
	middles = []string{"lin", "mar", "ven", "da", "sti", "go", "ber", "ha", "ne", "ru", "so", "ti", "va", "we", "lo", "ke", "ji", "fa", "en", "qui"}
	tails   = []string{"da", "sund", "vik", "ra", "holm", "a", "nia", "ster", "borg", "is", "us", "ette", "wyn", "ona", "elle", "ik", "mar", "ing", "oy", "ane"}
)

const notices = 120000

func quoted(words []string) string {
	return "ARRAY['" + strings.Join(words, "','") + "']"
}

func schema() []string {
	name := fmt.Sprintf("(%s)[1 + n %% 20] || (%s)[1 + n / 20 %% 20] || (%s)[1 + n / 400 %% 20]",
		quoted(heads), quoted(middles), quoted(tails))
	return []string{
		"ALTER ROLE postgres SET max_parallel_workers_per_gather = 0",
		"CREATE TABLE notice (id integer PRIMARY KEY, chart integer NOT NULL, issued date NOT NULL, body text NOT NULL)",
		"INSERT INTO notice SELECT n, 1000 + n % 731, date '1994-01-01' + n / 12, " +
			"'Mariners are advised that the wreck of the ' || " + name + " || ' lies in ' || (8 + n % 61) || ' metres, ' || " +
			"'marked by a lighted buoy showing a group of flashes; a berth of ' || (2 + n % 5) || ' cables is recommended. ' || " +
			"'Fishing and anchoring are prohibited within the limits charted.' FROM generate_series(1, " + fmt.Sprint(notices) + ") n",
		"ANALYZE notice",
	}
}

func database() string {
	words := append([]string{os.Getenv("SERVICES"), "postgres"}, schema()...)
	out, err := exec.Command(os.Getenv("PYTHON"), words...).Output()
	if err != nil {
		log.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

type Notice struct {
	ID     int       `json:"id"`
	Chart  int       `json:"chart"`
	Issued time.Time `json:"issued"`
	Body   string    `json:"body"`
}

type Archive struct {
	db     *sql.DB
	search *sql.Stmt
}

func openArchive(port string) (*Archive, error) {
	connector, err := pq.NewConnector("host=127.0.0.1 user=postgres dbname=postgres sslmode=disable port=" + port)
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(6)
	db.SetMaxIdleConns(6)
	search, err := db.Prepare(`SELECT id, chart, issued, body FROM notice
		WHERE body ILIKE '%' || $1 || '%' ORDER BY issued DESC LIMIT 8`)
	return &Archive{db: db, search: search}, err
}

func (a *Archive) Naming(ctx context.Context, wreck string) ([]Notice, error) {
	rows, err := a.search.QueryContext(ctx, wreck) // <- cost
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	found := make([]Notice, 0, 8)
	for rows.Next() {
		var n Notice
		if err := rows.Scan(&n.ID, &n.Chart, &n.Issued, &n.Body); err != nil {
			return nil, err
		}
		found = append(found, n)
	}
	return found, rows.Err()
}

type Desk struct {
	archive  *Archive
	answered atomic.Int64
	refused  atomic.Int64
}

func (d *Desk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	wreck := strings.TrimSpace(r.URL.Query().Get("wreck"))
	if len(wreck) < 4 || strings.ContainsAny(wreck, "%_") {
		d.refused.Add(1)
		http.Error(w, "a name of four letters or more, please", http.StatusBadRequest)
		return
	}
	found, err := d.archive.Naming(r.Context(), wreck)
	if err != nil {
		d.refused.Add(1)
		http.Error(w, "the archive does not answer", http.StatusBadGateway)
		return
	}
	d.answered.Add(1)
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(found)
}

// mariners runs in a process of its own: each asks about one wreck every 800 ms.
func mariners(address string) {
	var all sync.WaitGroup
	for i := 0; i < 4; i++ {
		all.Add(1)
		go func(i int) {
			defer all.Done()
			dice := rand.New(rand.NewSource(int64(i) + 40))
			time.Sleep(time.Duration(i) * 200 * time.Millisecond)
			for range time.Tick(800 * time.Millisecond) {
				name := heads[dice.Intn(20)] + middles[dice.Intn(20)] + tails[dice.Intn(20)]
				answer, err := http.Get("http://" + address + "/notices?wreck=" + url.QueryEscape(name))
				if err != nil {
					return
				}
				var found []Notice
				err = json.NewDecoder(answer.Body).Decode(&found)
				answer.Body.Close()
				if err != nil {
					return
				}
			}
		}(i)
	}
	all.Wait()
}

func main() {
	if len(os.Args) > 2 && os.Args[1] == "mariners" {
		mariners(os.Args[2])
		return
	}
	archive, err := openArchive(database())
	if err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	desk := &Desk{archive: archive}
	routes := http.NewServeMux()
	routes.Handle("/notices", desk)
	routes.HandleFunc("/health", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, desk.answered.Load(), desk.refused.Load())
	})
	server := &http.Server{Handler: routes, ReadHeaderTimeout: 5 * time.Second}
	go func() { log.Fatal(server.Serve(listener)) }()
	away := exec.Command("sh", "-c", `"$0" mariners "$1" >/dev/null 2>&1 &`, os.Args[0], listener.Addr().String())
	if err := away.Run(); err != nil {
		log.Fatal(err)
	}
	time.Sleep(time.Second)
	fmt.Println("ready")
	select {}
}
