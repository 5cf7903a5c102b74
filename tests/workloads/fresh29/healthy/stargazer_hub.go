// expect: healthy bench
// The presence hub of a chat for stargazers, at a small observatory: mostly idle. Telescopes' consoles say "HERE name"
// now and then on a kept connection, and get the names of the others; who was silent for a while is taken as gone.

package main

import (
	"bufio"
	"container/list"
	"fmt"
	"log"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"sync"
	"time"
)

const silence = 20 * time.Second

type presence struct {
	name string
	seen time.Time
}

// hub knows who is there; the longest silent is at the front of order.
type hub struct {
	mu    sync.Mutex
	order *list.List
	byWho map[string]*list.Element
	timer *time.Timer
}

func newHub() *hub {
	h := &hub{order: list.New(), byWho: map[string]*list.Element{}}
	h.timer = time.AfterFunc(silence, h.expire)
	return h
}

// here notes that name is there, and returns who else is.
func (h *hub) here(name string, now time.Time) []string {
	h.mu.Lock()
	if at, known := h.byWho[name]; known {
		at.Value.(*presence).seen = now
		h.order.MoveToBack(at)
	} else {
		h.byWho[name] = h.order.PushBack(&presence{name, now})
		if h.order.Len() == 1 {
			h.timer.Reset(silence)
		}
	}
	others := make([]string, 0, len(h.byWho)-1)
	for who := range h.byWho {
		if who != name {
			others = append(others, who)
		}
	}
	h.mu.Unlock()
	sort.Strings(others)
	return others
}

// expire drops the silent, and comes back when the next may be so.
func (h *hub) expire() {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := time.Now()
	for at := h.order.Front(); at != nil; at = h.order.Front() {
		one := at.Value.(*presence)
		if left := one.seen.Add(silence).Sub(now); left > 0 {
			h.timer.Reset(left)
			return
		}
		h.order.Remove(at)
		delete(h.byWho, one.name)
	}
}

func (h *hub) serve(connection net.Conn) {
	defer connection.Close()
	lines := bufio.NewScanner(connection)
	answers := bufio.NewWriter(connection)
	for {
		connection.SetReadDeadline(time.Now().Add(5 * time.Minute))
		if !lines.Scan() {
			return
		}
		words := strings.Fields(lines.Text())
		if len(words) != 2 || words[0] != "HERE" || len(words[1]) > 40 {
			answers.WriteString("what?\n\n")
		} else {
			for _, who := range h.here(words[1], time.Now()) {
				answers.WriteString(who)
				answers.WriteByte('\n')
			}
			answers.WriteByte('\n')
		}
		if err := answers.Flush(); err != nil {
			return
		}
	}
}

func startConsoles(port int) error {
	stars := []string{"vega", "deneb", "altair", "mira", "algol", "spica", "rigel", "capella", "polaris", "antares", "sirius"}
	questions := make([]string, 0, len(stars))
	for n, star := range stars {
		questions = append(questions, fmt.Sprintf("HERE %s-%d", star, n))
	}
	program := filepath.Join(filepath.Dir(os.Getenv("SERVICES")), "clients.py")
	words := []string{program, "lines", fmt.Sprint(port), strings.Join(questions, ","), "5", "1.5"}
	return exec.Command(os.Getenv("PYTHON"), words...).Run()
}

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	h := newHub()
	go func() {
		if err := startConsoles(listener.Addr().(*net.TCPAddr).Port); err != nil {
			log.Fatal(err)
		}
		time.Sleep(time.Second)
		fmt.Printf("ready %d\n", os.Getpid())
	}()
	for {
		connection, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go h.serve(connection)
	}
}
