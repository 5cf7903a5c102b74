// expect: pattern=serialization-overhead bench

// The house chat of a chain of bingo halls: one TCP connection per player, one JSON object per line.
// A player says in which hall she sits and gets everything that is said and called there; callers' desks send the
// numbers. The server numbers what comes, adds the state of the hall, and sends it to everybody in the hall; who
// does not keep up loses events rather than holding up the others.
//
// Measured: 0.31-0.34 cores as a problem, 0.08-0.09 as a twin, for 105 events a second to 50 players each.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"log"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	backlog     = 64
	historySize = 50
	writeWithin = 5 * time.Second
)

type Line struct {
	Number int64     `json:"number"`
	From   string    `json:"from"`
	Text   string    `json:"text"`
	At     time.Time `json:"at"`
}

type Prize struct {
	Name   string `json:"name"`
	Cents  int    `json:"cents"`
	Winner string `json:"winner,omitempty"`
}

type Event struct {
	Kind    string            `json:"kind"`
	Hall    string            `json:"hall"`
	Said    Line              `json:"said"`
	Called  []int             `json:"called"`
	Players int               `json:"players"`
	Prizes  []Prize           `json:"prizes"`
	Recent  []Line            `json:"recent"`
	Labels  map[string]string `json:"labels"`
}

type Player struct {
	name   string
	conn   net.Conn
	events chan *Event
}

type Hall struct {
	mu      sync.Mutex
	name    string
	number  int64
	called  []int
	recent  []Line
	prizes  []Prize
	players map[*Player]struct{}
}

var (
	hallsMu sync.Mutex
	halls   = map[string]*Hall{}
	labels  = map[string]string{"currency": "GBP", "language": "en", "rules": "90-ball", "moderation": "on"}
)

func hallOf(name string) *Hall {
	hallsMu.Lock()
	defer hallsMu.Unlock()
	hall := halls[name]
	if hall == nil {
		hall = &Hall{name: name, players: map[*Player]struct{}{}}
		for _, prize := range []string{"one line", "two lines", "full house", "consolation"} {
			hall.prizes = append(hall.prizes, Prize{Name: prize, Cents: 500 * (1 + len(prize))})
		}
		halls[name] = hall
	}
	return hall
}

func (h *Hall) join(p *Player) {
	h.mu.Lock()
	h.players[p] = struct{}{}
	h.mu.Unlock()
}

func (h *Hall) leave(p *Player) {
	h.mu.Lock()
	delete(h.players, p)
	h.mu.Unlock()
	close(p.events)
}

// say makes the next event of the hall and hands it to everybody there.
func (h *Hall) say(from, text string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.number++
	said := Line{Number: h.number, From: from, Text: text, At: time.Now().UTC()}
	kind := "chat"
	if ball, err := strconv.Atoi(text); err == nil {
		kind = "call"
		if len(h.called) == 45 {
			h.called = nil
		}
		h.called = append(h.called[:len(h.called):len(h.called)], ball)
	}
	event := &Event{Kind: kind, Hall: h.name, Said: said, Called: h.called, Players: len(h.players),
		Prizes: h.prizes, Recent: h.recent, Labels: labels}
	for p := range h.players {
		select {
		case p.events <- event:
		default:
		}
	}
	recent := append([]Line{said}, h.recent...)
	if len(recent) > historySize {
		recent = recent[:historySize]
	}
	h.recent = recent
}

// send writes what is said in the hall to the player.
func (p *Player) send() {
	defer p.conn.Close()
	lines := json.NewEncoder(p.conn)
	for event := range p.events { // <- cost
		p.conn.SetWriteDeadline(time.Now().Add(writeWithin))
		if err := lines.Encode(event); err != nil { // <- cost
			return
		}
	}
}

func serve(conn net.Conn) {
	defer conn.Close()
	lines := bufio.NewScanner(conn)
	if !lines.Scan() {
		return
	}
	words := strings.Fields(lines.Text())
	if len(words) != 3 {
		fmt.Fprintln(conn, `{"kind":"error","text":"who are you?"}`)
		return
	}
	hall := hallOf(words[2])
	if words[0] == "play" {
		p := &Player{name: words[1], conn: conn, events: make(chan *Event, backlog)}
		hall.join(p)
		defer hall.leave(p)
		go p.send()
	}
	for lines.Scan() {
		if text := strings.TrimSpace(lines.Text()); text != "" {
			hall.say(words[1], text)
		}
	}
}

// The customers: 150 players in three halls, and a desk in each hall that says 35 lines a second.
const customers = `
import os, sys, socket, selectors, time
sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import services
port = int(sys.argv[1])
def line(words):
    s = socket.create_connection(("127.0.0.1", port))
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    s.sendall(words.encode() + b"\n")
    return s
def players():
    wait, room = selectors.DefaultSelector(), bytearray(1 << 16)
    for n in range(150):
        wait.register(line(f"play player{n} hall{n % 3}"), selectors.EVENT_READ)
    while True:
        for ready, _ in wait.select():
            if not ready.fileobj.recv_into(room):
                return
def desks():
    lines = [line(f"call desk{n} hall{n}") for n in range(3)]
    due = time.monotonic()
    for n in range(1 << 40):
        said = str(n * 7 % 90 + 1) if n % 3 else f"two fat ladies, and good luck to table {n % 40}"
        lines[n % 3].sendall(said.encode() + b"\n")
        due += 1 / 105
        time.sleep(max(0.0, due - time.monotonic()))
services.outside(players)
services.outside(desks)
`

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	port := strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
	go func() {
		come := exec.Command(os.Getenv("PYTHON"), "-c", customers, port)
		if err := come.Run(); err != nil {
			log.Fatal(err)
		}
		time.Sleep(time.Second)
		fmt.Println("ready", os.Getpid())
	}()
	for {
		conn, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go serve(conn)
	}
}
