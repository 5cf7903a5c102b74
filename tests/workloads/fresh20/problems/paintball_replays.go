// expect: pattern=memory-growth bench
// Scores the bouts of a paintball tournament: after each bout the markers' radios upload every shot of it (whose, when,
// from where, in which direction), the service decides which were hits, answers with the score, and keeps the bout for
// the marshals, who ask for the latest bouts of their field when a team disputes one.
//
// Measured: grows by 6.5 MiB a second, the twin stays at 16.5 MiB; both score 72 bouts a second, 0.25 ms each. CPU 0.03
// of a core, in the twin too.
package main

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"math"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/mux"
)

const (
	fields    = 6
	shotBytes = 16
	largest   = 5000 // shots of a bout
)

// radios upload bouts of some 1100 shots; marshals look at their field now and then.
const radios = `
import http.client, os, random, struct, sys, threading, time
sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import services
port, fields, rate = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])

def bout(seed):
    dice = random.Random(seed)
    shots = bytearray()
    for at in range(dice.randrange(1000, 1200)):
        shots += struct.pack("<HHIhhhh", dice.randrange(10), dice.randrange(4), at * 180, *(dice.randrange(-4000, 4000)
            for _ in range(4)))
    return bytes(shots)

def field(number, bouts):
    line, began = http.client.HTTPConnection("127.0.0.1", port), time.monotonic() + number / rate
    turn = 0
    while True:
        turn = max(turn + 1, int((time.monotonic() - began) * rate / fields))
        time.sleep(max(0.0, began + turn * fields / rate - time.monotonic()))
        line.request("POST", f"/fields/{number}/bouts/{turn}", bouts[turn % len(bouts)])
        line.getresponse().read()
        if turn % 25 == 0:
            line.request("GET", f"/fields/{number}/disputes?last=3")
            line.getresponse().read()

def play():
    bouts = [bout(seed) for seed in range(30)]
    threads = [threading.Thread(target=field, args=(number, bouts)) for number in range(fields)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

services.outside(play)
`

type Shot struct {
	Player, Paint  uint16
	At             time.Duration
	X, Y           float64
	Heading, Range float64
	Hit            int16
}

type Bout struct {
	Number int
	Shots  []Shot
	Score  [2]int
	Ended  time.Time
}

var errTorn = errors.New("a torn upload")

// decode reads what a radio uploaded: 16 bytes a shot.
func decode(body []byte) ([]Shot, error) {
	if len(body)%shotBytes != 0 || len(body) > largest*shotBytes {
		return nil, errTorn
	}
	shots := make([]Shot, len(body)/shotBytes) // <- cost
	for i := range shots {
		raw := body[i*shotBytes:]
		dx := float64(int16(binary.LittleEndian.Uint16(raw[12:]))) / 100
		dy := float64(int16(binary.LittleEndian.Uint16(raw[14:]))) / 100
		shots[i] = Shot{
			Player:  binary.LittleEndian.Uint16(raw),
			Paint:   binary.LittleEndian.Uint16(raw[2:]),
			At:      time.Duration(binary.LittleEndian.Uint32(raw[4:])) * time.Millisecond,
			X:       float64(int16(binary.LittleEndian.Uint16(raw[8:]))) / 100,
			Y:       float64(int16(binary.LittleEndian.Uint16(raw[10:]))) / 100,
			Heading: math.Atan2(dy, dx),
			Range:   math.Hypot(dx, dy),
			Hit:     -1,
		}
	}
	return shots, nil
}

// judge decides which shots hit: those that end within a step of where a player of the other team last shot from.
func judge(shots []Shot) (score [2]int) {
	var seen [10]int
	for i := range seen {
		seen[i] = -1
	}
	for i := range shots {
		shot := &shots[i]
		if shot.Player >= 10 {
			continue
		}
		sin, cos := math.Sincos(shot.Heading)
		x, y := shot.X+cos*shot.Range, shot.Y+sin*shot.Range
		for player, at := range seen {
			if at < 0 || player%2 == int(shot.Player)%2 {
				continue
			}
			if dx, dy := shots[at].X-x, shots[at].Y-y; dx*dx+dy*dy < 9 {
				shot.Hit = int16(player)
				score[shot.Player%2]++
				break
			}
		}
		seen[shot.Player] = i
	}
	return score
}

// Field is one of the fields, with what was played there.
type Field struct {
	mutex sync.Mutex
	bouts []*Bout
	total [2]int
}

func (f *Field) Add(bout *Bout) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.total[0] += bout.Score[0]
	f.total[1] += bout.Score[1]
	f.bouts = append(f.bouts, bout) // <- cost
}

func (f *Field) Latest(count int) []*Bout {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if count > len(f.bouts) {
		count = len(f.bouts)
	}
	return append([]*Bout(nil), f.bouts[len(f.bouts)-count:]...)
}

func (f *Field) Total() [2]int {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	return f.total
}

type Service struct {
	fields [fields]Field
	served int64
	spent  int64
}

func (s *Service) field(request *http.Request) *Field {
	number, err := strconv.Atoi(mux.Vars(request)["field"])
	if err != nil || number >= fields {
		return nil
	}
	return &s.fields[number]
}

func reply(out http.ResponseWriter, value interface{}) {
	out.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(out).Encode(value); err != nil {
		log.Print(err)
	}
}

func (s *Service) upload(out http.ResponseWriter, request *http.Request) {
	began := time.Now()
	field := s.field(request)
	number, err := strconv.Atoi(mux.Vars(request)["bout"])
	if field == nil || err != nil {
		http.NotFound(out, request)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(out, request.Body, largest*shotBytes))
	if err != nil {
		http.Error(out, err.Error(), http.StatusBadRequest)
		return
	}
	shots, err := decode(body)
	if err != nil {
		http.Error(out, err.Error(), http.StatusUnprocessableEntity)
		return
	}
	bout := &Bout{Number: number, Shots: shots, Score: judge(shots), Ended: began}
	field.Add(bout)
	reply(out, map[string]interface{}{"bout": number, "score": bout.Score})
	atomic.AddInt64(&s.served, 1)
	atomic.AddInt64(&s.spent, int64(time.Since(began)))
}

type dispute struct {
	Bout     int    `json:"bout"`
	Score    [2]int `json:"score"`
	Overshot int    `json:"overshot"`
}

func (s *Service) disputes(out http.ResponseWriter, request *http.Request) {
	field := s.field(request)
	last, err := strconv.Atoi(request.URL.Query().Get("last"))
	if field == nil || err != nil || last < 1 || last > 10 {
		http.Error(out, "which field, and how many bouts?", http.StatusBadRequest)
		return
	}
	found := []dispute{}
	for _, bout := range field.Latest(last) {
		entry := dispute{Bout: bout.Number, Score: bout.Score}
		for _, shot := range bout.Shots {
			if shot.Hit >= 0 && shot.Range > 45 {
				entry.Overshot++
			}
		}
		found = append(found, entry)
	}
	reply(out, found)
}

func main() {
	service := &Service{}
	router := mux.NewRouter()
	router.HandleFunc("/fields/{field:[0-9]+}/bouts/{bout:[0-9]+}", service.upload).Methods("POST")
	router.HandleFunc("/fields/{field:[0-9]+}/disputes", service.disputes).Methods("GET")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go func() { log.Fatal(http.Serve(listener, router)) }()
	port := strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
	if err := exec.Command(os.Getenv("PYTHON"), "-c", radios, port, strconv.Itoa(fields), "72").Run(); err != nil {
		log.Fatal(err)
	}
	time.Sleep(4 * time.Second)
	fmt.Printf("ready %d\n", os.Getpid())
	for range time.Tick(10 * time.Second) {
		served := atomic.LoadInt64(&service.served)
		each := float64(atomic.LoadInt64(&service.spent)) / 1e6 / float64(served)
		log.Printf("%d bouts, %.2f ms each, total %v", served, each, service.fields[0].Total())
	}
}
