// bench: healthy
// The waiting lists of a chain of barber shops: people draw a number from home, barbers call the next one, and whoever
// looks sees how long it takes. The lists are in Redis (a kept connection and one round trip for each request); how
// long one waits is simulated from how fast the barbers of the shop are, and kept for half a second.
//
// Measured: 240 requests a second, 0.2 to 0.5 ms each; CPU 3.0 % of a core.
package main

import (
	"container/heap"
	"encoding/json"
	"errors"
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

	"github.com/gomodule/redigo/redis"
	"github.com/gorilla/mux"
)

const (
	shops    = 80
	most     = 30 // that wait in a shop
	rounds   = 150
	people   = 12
	rate     = 240 // requests a second
	freshFor = 500 * time.Millisecond
)

var errFull = errors.New("the shop is full")

// Chairs is when each barber is free again, the first one on top.
type Chairs []float64

func (c Chairs) Len() int           { return len(c) }
func (c Chairs) Less(i, j int) bool { return c[i] < c[j] }
func (c Chairs) Swap(i, j int)      { c[i], c[j] = c[j], c[i] }
func (c *Chairs) Push(x any)        { *c = append(*c, x.(float64)) }
func (c *Chairs) Pop() any {
	last := len(*c) - 1
	x := (*c)[last]
	*c = (*c)[:last]
	return x
}

// scratch is what a simulation needs; it is taken from a pool.
type scratch struct {
	chairs Chairs
	dice   *rand.Rand
}

var scratches = sync.Pool{New: func() any {
	return &scratch{chairs: make(Chairs, 0, 8), dice: rand.New(rand.NewSource(rand.Int63()))}
}}

// expected is how many minutes the last of so many people waits, on average and at worst.
func expected(waiting, barbers int) (float64, float64) {
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	var sum, worst float64
	for round := 0; round < rounds; round++ {
		s.chairs = s.chairs[:0]
		for barber := 0; barber < barbers; barber++ {
			s.chairs = append(s.chairs, s.dice.Float64()*20)
		}
		heap.Init(&s.chairs)
		for i := 0; i < waiting; i++ {
			s.chairs[0] += 12 + s.dice.ExpFloat64()*9
			heap.Fix(&s.chairs, 0)
		}
		sum += s.chairs[0]
		if s.chairs[0] > worst {
			worst = s.chairs[0]
		}
	}
	return sum / rounds, worst
}

type Outlook struct {
	Waiting int     `json:"waiting"`
	Barbers int     `json:"barbers"`
	Minutes float64 `json:"minutes"`
	Worst   float64 `json:"worst"`
	at      time.Time
}

// Outlooks keeps what was worked out a moment ago: at most one for each shop.
type Outlooks struct {
	mutex sync.RWMutex
	known [shops]*Outlook
	made  int64
}

func (o *Outlooks) Of(shop, waiting int) *Outlook {
	o.mutex.RLock()
	known := o.known[shop]
	o.mutex.RUnlock()
	if known != nil && known.Waiting == waiting && time.Since(known.at) < freshFor {
		return known
	}
	fresh := &Outlook{Waiting: waiting, Barbers: 2 + shop%5, at: time.Now()}
	fresh.Minutes, fresh.Worst = expected(waiting, fresh.Barbers)
	atomic.AddInt64(&o.made, 1)
	o.mutex.Lock()
	o.known[shop] = fresh
	o.mutex.Unlock()
	return fresh
}

// Lists are the waiting lists.
type Lists struct {
	pool *redis.Pool
	draw *redis.Script
}

func NewLists(address string) *Lists {
	return &Lists{
		pool: &redis.Pool{
			MaxIdle:     people,
			MaxActive:   people,
			Wait:        true,
			IdleTimeout: 5 * time.Minute,
			Dial:        func() (redis.Conn, error) { return redis.Dial("tcp", address) },
		},
		draw: redis.NewScript(1, `if redis.call("LLEN", KEYS[1]) >= tonumber(ARGV[2]) then return -1 end
			return redis.call("RPUSH", KEYS[1], ARGV[1])`),
	}
}

func listKey(shop int) string { return "shop:" + strconv.Itoa(shop) + ":waiting" }

func (l *Lists) Length(shop int) (int, error) {
	conn := l.pool.Get()
	defer conn.Close()
	return redis.Int(conn.Do("LLEN", listKey(shop)))
}

func (l *Lists) Draw(shop int, who string) (int, error) {
	conn := l.pool.Get()
	defer conn.Close()
	place, err := redis.Int(l.draw.Do(conn, listKey(shop), who, most))
	if err == nil && place < 0 {
		return 0, errFull
	}
	return place, err
}

func (l *Lists) Call(shop int) (string, error) {
	conn := l.pool.Get()
	defer conn.Close()
	who, err := redis.String(conn.Do("LPOP", listKey(shop)))
	if err == redis.ErrNil {
		return "nobody", nil
	}
	return who, err
}

type Service struct {
	lists        *Lists
	outlooks     Outlooks
	served, took int64
}

// handle wraps what a handler of a shop returns.
func (s *Service) handle(do func(shop int, request *http.Request) (any, error)) http.HandlerFunc {
	return func(out http.ResponseWriter, request *http.Request) {
		began := time.Now()
		shop, err := strconv.Atoi(mux.Vars(request)["shop"])
		if err != nil || shop >= shops {
			http.NotFound(out, request)
			return
		}
		value, err := do(shop, request)
		switch {
		case errors.Is(err, errFull):
			http.Error(out, err.Error(), http.StatusConflict)
		case err != nil:
			http.Error(out, err.Error(), http.StatusInternalServerError)
		default:
			out.Header().Set("Content-Type", "application/json")
			json.NewEncoder(out).Encode(value)
		}
		atomic.AddInt64(&s.took, int64(time.Since(began)))
		atomic.AddInt64(&s.served, 1)
	}
}

func (s *Service) outlook(shop int, _ *http.Request) (any, error) {
	waiting, err := s.lists.Length(shop)
	if err != nil {
		return nil, err
	}
	return s.outlooks.Of(shop, waiting), nil
}

func (s *Service) draw(shop int, request *http.Request) (any, error) {
	place, err := s.lists.Draw(shop, request.URL.Query().Get("who"))
	if err != nil {
		return nil, err
	}
	return s.outlooks.Of(shop, place), nil
}

func (s *Service) call(shop int, _ *http.Request) (any, error) {
	who, err := s.lists.Call(shop)
	return map[string]string{"next": who}, err
}

func (s *Service) routes() http.Handler {
	router := mux.NewRouter()
	router.HandleFunc("/shops/{shop:[0-9]+}", s.handle(s.outlook))
	router.HandleFunc("/shops/{shop:[0-9]+}/draw", s.handle(s.draw))
	router.HandleFunc("/shops/{shop:[0-9]+}/call", s.handle(s.call))
	return router
}

// visit is what people and barbers do.
func visit(url string) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: people}}
	var all sync.WaitGroup
	for person := 0; person < people; person++ {
		all.Add(1)
		time.Sleep(time.Second / rate)
		go func(person int) {
			defer all.Done()
			for range time.Tick(time.Second * people / rate) {
				path := fmt.Sprintf("%s/shops/%d", url, rand.Intn(shops))
				switch rand.Intn(6) {
				case 0:
					path += fmt.Sprintf("/draw?who=p%d", person)
				case 1:
					path += "/call"
				}
				answer, err := client.Get(path)
				if err != nil {
					return
				}
				io.Copy(io.Discard, answer.Body)
				answer.Body.Close()
			}
		}(person)
	}
	all.Wait()
}

func main() {
	if len(os.Args) > 1 {
		visit(os.Args[1])
		return
	}
	command := exec.Command(os.Getenv("PYTHON"), os.Getenv("SERVICES"), "redis")
	command.Stderr = os.Stderr
	told, err := command.Output()
	if err != nil {
		log.Fatal(err)
	}
	service := &Service{lists: NewLists("127.0.0.1:" + strings.TrimSpace(string(told)))}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	for shop := 0; shop < shops; shop++ {
		for i := rand.Intn(most / 2); i > 0; i-- {
			if _, err := service.lists.Draw(shop, "early"); err != nil {
				log.Fatal(err)
			}
		}
	}
	go http.Serve(listener, service.routes())
	self, err := os.Executable()
	if err != nil {
		log.Fatal(err)
	}
	load := fmt.Sprintf("'%s' http://%s >/dev/null 2>&1 &", self, listener.Addr())
	if err := exec.Command("sh", "-c", load).Run(); err != nil {
		log.Fatal(err)
	}
	time.Sleep(time.Second)
	fmt.Printf("ready %d\n", os.Getpid())
	for range time.Tick(5 * time.Second) {
		served, took := atomic.SwapInt64(&service.served, 0), atomic.SwapInt64(&service.took, 0)
		made := atomic.LoadInt64(&service.outlooks.made)
		log.Printf("%d served, %.3f ms each, %d outlooks so far", served, float64(took)/1e6/float64(served), made)
	}
}
