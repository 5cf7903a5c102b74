// bench: repaired twin of peloton_gaps
// A cycling race: motorbikes and transponders write where each rider is into Redis; the directors' cars ask this
// service for the groups on the road and the gaps between them, computed from the position of all 216 riders.
// Measured: an answer takes 1 ms, 45 answers a second.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"math/rand"
	"net"
	"net/http"
	"os"
	"os/exec"
	"sort"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gomodule/redigo/redis"
	"github.com/gorilla/mux"
)

const (
	riders    = 216
	groupSpan = 60.0 // metres that part two groups
)

type position struct {
	Bib    int     `redis:"-"`
	Metres float64 `redis:"metres"`
	Speed  float64 `redis:"speed"`
}

type group struct {
	Size   int     `json:"size"`
	First  int     `json:"first"`
	Metres float64 `json:"metres"`
	Gap    float64 `json:"gap_seconds"`
}

type roadBook struct {
	pool   *redis.Pool
	served int64
	micros int64
}

func riderKey(stage string, bib int) string {
	return "stage:" + stage + ":rider:" + strconv.Itoa(bib)
}

// positions reads where the riders of a stage are.
func (b *roadBook) positions(conn redis.Conn, stage string, bibs []int) ([]position, error) {
	for _, bib := range bibs {
		if err := conn.Send("HGETALL", riderKey(stage, bib)); err != nil {
			return nil, err
		}
	}
	if err := conn.Flush(); err != nil {
		return nil, err
	}
	found := make([]position, 0, len(bibs))
	for _, bib := range bibs {
		values, err := redis.Values(conn.Receive())
		if err != nil {
			return nil, err
		}
		at := position{Bib: bib}
		if err := redis.ScanStruct(values, &at); err != nil {
			return nil, err
		}
		found = append(found, at)
	}
	return found, nil
}

func groups(found []position) []group {
	sort.Slice(found, func(i, j int) bool { return found[i].Metres > found[j].Metres })
	var road []group
	for i, at := range found {
		if i == 0 || found[i-1].Metres-at.Metres > groupSpan {
			gap := 0.0
			if i > 0 && at.Speed > 0 {
				gap = (found[0].Metres - at.Metres) / at.Speed
			}
			road = append(road, group{First: at.Bib, Metres: at.Metres, Gap: gap})
		}
		road[len(road)-1].Size++
	}
	return road
}

func (b *roadBook) gaps(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	stage := mux.Vars(r)["stage"]
	conn := b.pool.Get()
	defer conn.Close()
	bibs, err := redis.Ints(conn.Do("LRANGE", "stage:"+stage+":starters", 0, -1))
	if err != nil || len(bibs) == 0 {
		http.Error(w, "no such stage", http.StatusNotFound)
		return
	}
	found, err := b.positions(conn, stage, bibs)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(groups(found))
	atomic.AddInt64(&b.served, 1)
	atomic.AddInt64(&b.micros, time.Since(began).Microseconds())
}

// transponders moves the riders, once a second, in one go for each stage.
func (b *roadBook) transponders(stages []string) {
	metres := make([]float64, riders)
	for tick := 0; ; tick++ {
		conn := b.pool.Get()
		for _, stage := range stages {
			for bib := 1; bib <= riders; bib++ {
				speed := 9 + rand.Float64()*5
				metres[bib-1] += speed
				conn.Send("HSET", riderKey(stage, bib), "metres", metres[bib-1], "speed", speed)
				if tick == 0 {
					conn.Send("RPUSH", "stage:"+stage+":starters", bib)
				}
			}
			if _, err := conn.Do(""); err != nil {
				log.Fatal(err)
			}
		}
		conn.Close()
		time.Sleep(time.Second)
	}
}

func helper(words ...string) string {
	command := exec.Command(os.Getenv("PYTHON"), words...)
	command.Stderr = os.Stderr
	said, err := command.Output()
	if err != nil {
		log.Fatal(err)
	}
	return strings.TrimSpace(string(said))
}

const cars = `
import os, sys
sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
from services import customers
customers(int(sys.argv[1]), ["/stages/%d/gaps" % stage for stage in (4, 5)], 6, pause=0.15)
`

func main() {
	port := helper(os.Getenv("SERVICES"), "redis")
	book := &roadBook{pool: &redis.Pool{
		MaxIdle: 8,
		Dial:    func() (redis.Conn, error) { return redis.Dial("tcp", "127.0.0.1:"+port) },
	}}
	go book.transponders([]string{"4", "5"})

	router := mux.NewRouter()
	router.HandleFunc("/stages/{stage:[0-9]+}/gaps", book.gaps).Methods("GET")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go http.Serve(listener, router)
	helper("-c", cars, strconv.Itoa(listener.Addr().(*net.TCPAddr).Port))
	time.Sleep(time.Second)
	fmt.Println("ready")

	for {
		time.Sleep(4 * time.Second)
		served, micros := atomic.SwapInt64(&book.served, 0), atomic.SwapInt64(&book.micros, 0)
		if served > 0 {
			log.Printf("%.1f answers a second, %.2f ms each", float64(served)/4, float64(micros)/float64(served)/1000)
		}
	}
}
