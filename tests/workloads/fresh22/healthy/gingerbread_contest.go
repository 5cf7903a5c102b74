// bench: healthy
// The public page of a gingerbread house contest: visitors look at houses and vote with stars. Pages come from
// PostgreSQL through a pool and a bounded cache, votes are put down together twice a second in one statement.
//
// Measured: 250 requests a second, 50 of them ask the database; CPU 3.4 % of a core.
package main

import (
	"bytes"
	"compress/gzip"
	"container/list"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"math/rand"
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

const (
	houses   = 300
	kept     = 120 // pages in the cache
	visitors = 12
	rate     = 250 // requests a second
)

type House struct {
	ID      int      `json:"id"`
	Title   string   `json:"title"`
	Baker   string   `json:"baker"`
	Town    string   `json:"town"`
	Stars   float64  `json:"stars"`
	Votes   int      `json:"votes"`
	Recipes []string `json:"recipes"`
}

// Pages is a cache of rendered pages that lets the longest unseen go.
type Pages struct {
	mutex sync.Mutex
	order *list.List
	at    map[int]*list.Element
}

type page struct {
	house int
	body  []byte
	until time.Time
}

func (p *Pages) Get(house int, now time.Time) []byte {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	found := p.at[house]
	if found == nil || now.After(found.Value.(*page).until) {
		return nil
	}
	p.order.MoveToFront(found)
	return found.Value.(*page).body
}

func (p *Pages) Put(house int, body []byte, until time.Time) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if old := p.at[house]; old != nil {
		p.order.Remove(old)
	}
	p.at[house] = p.order.PushFront(&page{house, body, until})
	if p.order.Len() > kept {
		last := p.order.Back()
		p.order.Remove(last)
		delete(p.at, last.Value.(*page).house)
	}
}

// Ballots collects votes until they are put down.
type Ballots struct {
	mutex  sync.Mutex
	stars  map[int]int
	number map[int]int
}

func (b *Ballots) Add(house, stars int) {
	b.mutex.Lock()
	b.stars[house] += stars
	b.number[house]++
	b.mutex.Unlock()
}

func (b *Ballots) take() (ids, stars, numbers []int64) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	for house, number := range b.number {
		ids = append(ids, int64(house))
		stars = append(stars, int64(b.stars[house]))
		numbers = append(numbers, int64(number))
		delete(b.number, house)
		delete(b.stars, house)
	}
	return ids, stars, numbers
}

type Contest struct {
	db      *sql.DB
	one     *sql.Stmt
	pages   *Pages
	ballots *Ballots
	packers sync.Pool
	served  int64
	asked   int64
}

func (c *Contest) house(ctx context.Context, id int) (House, error) {
	atomic.AddInt64(&c.asked, 1)
	house := House{ID: id}
	var stars int
	err := c.one.QueryRowContext(ctx, id).Scan(&house.Title, &house.Baker, &house.Town, &stars, &house.Votes,
		pq.Array(&house.Recipes))
	if house.Votes > 0 {
		house.Stars = float64(stars) / float64(house.Votes)
	}
	return house, err
}

func (c *Contest) pack(value interface{}) ([]byte, error) {
	var packed bytes.Buffer
	writer := c.packers.Get().(*gzip.Writer)
	defer c.packers.Put(writer)
	writer.Reset(&packed)
	if err := json.NewEncoder(writer).Encode(value); err != nil {
		return nil, err
	}
	if err := writer.Close(); err != nil {
		return nil, err
	}
	return packed.Bytes(), nil
}

func (c *Contest) show(out http.ResponseWriter, request *http.Request) {
	id, _ := strconv.Atoi(mux.Vars(request)["id"])
	now := time.Now()
	body := c.pages.Get(id, now)
	if body == nil {
		house, err := c.house(request.Context(), id)
		if err == sql.ErrNoRows {
			http.NotFound(out, request)
			return
		}
		if err == nil {
			body, err = c.pack(house)
		}
		if err != nil {
			log.Print(err)
			http.Error(out, "the oven is cold", http.StatusInternalServerError)
			return
		}
		c.pages.Put(id, body, now.Add(5*time.Second))
	}
	out.Header().Set("Content-Type", "application/json")
	out.Header().Set("Content-Encoding", "gzip")
	out.Write(body)
	atomic.AddInt64(&c.served, 1)
}

func (c *Contest) vote(out http.ResponseWriter, request *http.Request) {
	id, _ := strconv.Atoi(mux.Vars(request)["id"])
	stars, err := strconv.Atoi(request.URL.Query().Get("stars"))
	if err != nil || stars < 1 || stars > 5 || id < 1 || id > houses {
		http.Error(out, "one to five stars", http.StatusBadRequest)
		return
	}
	c.ballots.Add(id, stars)
	out.WriteHeader(http.StatusAccepted)
	atomic.AddInt64(&c.served, 1)
}

// count puts the votes down, those of all houses at once.
func (c *Contest) count(ctx context.Context) error {
	ids, stars, numbers := c.ballots.take()
	if len(ids) == 0 {
		return nil
	}
	_, err := c.db.ExecContext(ctx, `UPDATE house SET stars = house.stars + new.stars, votes = house.votes + new.votes
		FROM unnest($1::int[], $2::int[], $3::int[]) new (id, stars, votes) WHERE house.id = new.id`,
		pq.Array(ids), pq.Array(stars), pq.Array(numbers))
	return err
}

// visitor is the other side: someone who looks at houses, and votes for every sixth.
func visitor(client *http.Client, address string, number int) {
	popular := rand.NewZipf(rand.New(rand.NewSource(int64(number))), 1.2, 4, houses-1)
	for range time.Tick(time.Second * visitors / rate) {
		url := fmt.Sprintf("http://%s/houses/%d", address, popular.Uint64()+1)
		method := http.MethodGet
		if rand.Intn(6) == 0 {
			method, url = http.MethodPost, url+"/votes?stars="+strconv.Itoa(1+rand.Intn(5))
		}
		request, _ := http.NewRequest(method, url, nil)
		answer, err := client.Do(request)
		if err != nil {
			os.Exit(1)
		}
		io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
	}
}

func crowd(address string) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: visitors, DisableCompression: true}}
	for i := 0; i < visitors; i++ {
		go visitor(client, address, i)
		time.Sleep(time.Second / rate)
	}
	select {}
}

// outside starts a copy of this program which is nobody's child here.
func outside(words ...string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	line := append([]string{"-c", `"$0" "$@" >/dev/null 2>&1 </dev/null &`, self}, words...)
	return exec.Command("sh", line...).Run()
}

func open() (*Contest, error) {
	command := exec.Command(os.Getenv("PYTHON"), os.Getenv("SERVICES"), "postgres",
		"CREATE TABLE house (id int PRIMARY KEY, title text, baker_id int, stars int DEFAULT 0, votes int DEFAULT 0,"+
			" recipes text[]) WITH (fillfactor = 60)",
		"CREATE TABLE baker (id int PRIMARY KEY, name text, town text)",
		"INSERT INTO baker SELECT i, 'baker ' || i, 'town ' || i % 17 FROM generate_series(0, 99) i",
		"INSERT INTO house SELECT i, 'house number ' || i, i % 100, 0, 0, ARRAY(SELECT 'step ' || s || ': ' ||"+
			" repeat('ginger, flour and honey ', 4) FROM generate_series(1, 12) s) FROM generate_series(1, 300) i",
		"ANALYZE")
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
	one, err := db.Prepare("SELECT title, name, town, stars, votes, recipes FROM house JOIN baker ON baker.id = baker_id" +
		" WHERE house.id = $1")
	return &Contest{
		db:      db,
		one:     one,
		pages:   &Pages{order: list.New(), at: map[int]*list.Element{}},
		ballots: &Ballots{stars: map[int]int{}, number: map[int]int{}},
		packers: sync.Pool{New: func() interface{} { return gzip.NewWriter(nil) }},
	}, err
}

func main() {
	if len(os.Args) > 2 && os.Args[1] == "crowd" {
		crowd(os.Args[2])
	}
	contest, err := open()
	if err != nil {
		log.Fatal(err)
	}
	router := mux.NewRouter()
	router.HandleFunc("/houses/{id:[0-9]+}", contest.show).Methods(http.MethodGet)
	router.HandleFunc("/houses/{id:[0-9]+}/votes", contest.vote).Methods(http.MethodPost)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go http.Serve(listener, router)
	if err := outside("crowd", listener.Addr().String()); err != nil {
		log.Fatal(err)
	}
	for atomic.LoadInt64(&contest.served) < 100 {
		time.Sleep(50 * time.Millisecond)
	}
	fmt.Printf("ready %d\n", os.Getpid())
	for half := 1; ; half++ {
		time.Sleep(500 * time.Millisecond)
		if err := contest.count(context.Background()); err != nil {
			log.Print(err)
		}
		if half%20 == 0 {
			log.Printf("%d served, %d asked of the database", atomic.LoadInt64(&contest.served),
				atomic.LoadInt64(&contest.asked))
		}
	}
}
