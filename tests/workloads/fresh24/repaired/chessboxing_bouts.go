// expect: healthy bench
// The desk of a chess boxing gala: eight rings send what happens in them (punches in the boxing rounds, moves in the
// chess rounds) over one line; after each action the desk tallies the bout, and the ring's board, which asks over
// HTTP, shows who leads.
//
// Measured: an action takes 520 us, in the twin 7 us; at 600 actions a second that is 36 % of a core (twin: 1.1 %).
package main

import (
	"bufio"
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
)

const (
	rings      = 8
	rounds     = 11
	perRound   = 60  // actions
	actionRate = 600 // a second, in all rings
)

var worth = map[string]float64{"jab": 1, "cross": 2, "hook": 2.5, "uppercut": 3}

type Action struct {
	Corner string  `json:"corner"`
	Kind   string  `json:"kind"`
	Detail string  `json:"detail,omitempty"`
	Force  float64 `json:"force,omitempty"`
	Millis int     `json:"millis"`
}

type Round struct {
	Number     int      `json:"number"`
	Discipline string   `json:"discipline"`
	Actions    []Action `json:"actions"`
}

type Bout struct {
	Ring   int     `json:"ring"`
	Number int     `json:"number"`
	Rounds []Round `json:"rounds"`
}

func (b *Bout) add(action Action) {
	last := len(b.Rounds) - 1
	if last < 0 || len(b.Rounds[last].Actions) == perRound {
		last++
		if last == rounds {
			*b = Bout{Ring: b.Ring, Number: b.Number + 1, Rounds: b.Rounds[:0]}
			last = 0
		}
		discipline := "chess"
		if last%2 == 1 {
			discipline = "boxing"
		}
		b.Rounds = append(b.Rounds, Round{last + 1, discipline, make([]Action, 0, perRound)})
	}
	b.Rounds[last].Actions = append(b.Rounds[last].Actions, action)
}

// Tally is what a board shows.
type Tally struct {
	Bout    int     `json:"bout"`
	Round   int     `json:"round"`
	Red     float64 `json:"red"`
	Blue    float64 `json:"blue"`
	Moves   int     `json:"moves"`
	Hardest float64 `json:"hardest"`
	Clocks  [2]int  `json:"clocks"`
}

func tally(bout *Bout) Tally {
	result := Tally{Bout: bout.Number, Round: len(bout.Rounds)}
	for _, round := range bout.Rounds {
		for i := range round.Actions {
			action := &round.Actions[i]
			if round.Discipline == "chess" {
				result.Moves++
				result.Clocks[i%2] += action.Millis
				continue
			}
			points := worth[action.Kind] * action.Force / 1000
			if action.Corner == "red" {
				result.Red += points
			} else {
				result.Blue += points
			}
			if action.Force > result.Hardest {
				result.Hardest = action.Force
			}
		}
	}
	return result
}

type Ring struct {
	mutex sync.Mutex
	bout  Bout
	shown Tally
}

func (r *Ring) Take(action Action) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.bout.add(action)
	r.shown = tally(&r.bout)
}

func (r *Ring) Shown() Tally {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return r.shown
}

// parse reads a line such as "3 red hook 812.5 340" or "3 blue move Nf3 2100".
func parse(line string) (int, Action, error) {
	words := strings.Fields(line)
	if len(words) != 5 {
		return 0, Action{}, fmt.Errorf("line %q", line)
	}
	ring, err := strconv.Atoi(words[0])
	if err != nil || ring < 0 || ring >= rings {
		return 0, Action{}, fmt.Errorf("ring %q", words[0])
	}
	action := Action{Corner: words[1], Kind: words[2]}
	if action.Kind == "move" {
		action.Detail = words[3]
	} else if action.Force, err = strconv.ParseFloat(words[3], 64); err != nil {
		return 0, Action{}, err
	}
	action.Millis, err = strconv.Atoi(words[4])
	return ring, action, err
}

type Gala struct {
	rings [rings]Ring
	taken int64
	spent int64
}

func (g *Gala) follow(line net.Conn) error {
	scanner := bufio.NewScanner(line)
	for scanner.Scan() {
		began := time.Now()
		ring, action, err := parse(scanner.Text())
		if err != nil {
			log.Print(err)
			continue
		}
		g.rings[ring].Take(action)
		atomic.AddInt64(&g.spent, int64(time.Since(began)))
		atomic.AddInt64(&g.taken, 1)
	}
	return scanner.Err()
}

func (g *Gala) board(out http.ResponseWriter, request *http.Request) {
	ring, err := strconv.Atoi(mux.Vars(request)["ring"])
	if err != nil || ring >= rings {
		http.NotFound(out, request)
		return
	}
	out.Header().Set("Content-Type", "application/json")
	json.NewEncoder(out).Encode(g.rings[ring].Shown())
}

// hall is the part of the rings and the boards.
func hall(line, boards string) {
	to, err := net.Dial("tcp", line)
	if err != nil {
		log.Fatal(err)
	}
	go func() {
		for ring := 0; ; ring++ {
			time.Sleep(40 * time.Millisecond)
			response, err := http.Get(fmt.Sprintf("http://%s/rings/%d", boards, ring%rings))
			if err != nil {
				log.Fatal(err)
			}
			io.Copy(io.Discard, response.Body)
			response.Body.Close()
		}
	}()
	batch := actionRate / 50
	for turn := 0; ; turn += batch {
		var text strings.Builder
		for i := turn; i < turn+batch; i++ {
			text.WriteString(happens(i%rings, begun(i%rings)+i/rings))
		}
		if _, err := io.WriteString(to, text.String()); err != nil {
			log.Fatal(err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// begun is how many actions of the evening a ring has had before: they did not begin together.
func begun(ring int) int {
	return ring * rounds * perRound / rings
}

// happens is the line for an action of a ring.
func happens(ring, at int) string {
	corner := [2]string{"red", "blue"}[at%2]
	if (at/perRound)%rounds%2 == 0 {
		return fmt.Sprintf("%d %s move %c%d %d\n", ring, corner, 'a'+at%8, 1+at*5%8, 800+rand.Intn(4000))
	}
	kind := [4]string{"jab", "cross", "hook", "uppercut"}[rand.Intn(4)]
	return fmt.Sprintf("%d %s %s %.1f %d\n", ring, corner, kind, 300+rand.Float64()*900, rand.Intn(900))
}

func run() error {
	gala := &Gala{}
	for i := range gala.rings {
		gala.rings[i].bout = Bout{Ring: i, Number: 1}
		for past := 0; past < begun(i); past++ {
			_, action, err := parse(happens(i, past))
			if err != nil {
				return err
			}
			gala.rings[i].bout.add(action)
		}
	}
	line, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	boards, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	router := mux.NewRouter()
	router.HandleFunc("/rings/{ring:[0-9]+}", gala.board)
	go http.Serve(boards, router)
	script := `"$0" hall "$1" "$2" >/dev/null 2>&1 &`
	shell := exec.Command("sh", "-c", script, os.Args[0], line.Addr().String(), boards.Addr().String())
	if err := shell.Run(); err != nil {
		return err
	}
	from, err := line.Accept()
	if err != nil {
		return err
	}
	go func() { log.Fatal("the hall hung up: ", gala.follow(from)) }()
	for atomic.LoadInt64(&gala.taken) < actionRate {
		time.Sleep(100 * time.Millisecond)
	}
	fmt.Printf("ready %d\n", os.Getpid())
	for range time.Tick(5 * time.Second) {
		taken, spent := atomic.SwapInt64(&gala.taken, 0), atomic.SwapInt64(&gala.spent, 0)
		log.Printf("%d actions, %.0f us each", taken, float64(spent)/1e3/float64(taken+1))
	}
	return nil
}

func main() {
	if len(os.Args) > 3 && os.Args[1] == "hall" {
		hall(os.Args[2], os.Args[3])
	} else if err := run(); err != nil {
		log.Fatal(err)
	}
}
