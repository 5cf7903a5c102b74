// expect: healthy bench

// The buzzers of sled dog kennels: some sixty door and run buzzers keep a TCP line each to this server, say that they
// are alive every ten seconds, and now and then that somebody pressed them; the kennel's handsets are told at once.
// Mostly idle.
package main

import (
	"bufio"
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

const silentFor = 25 * time.Second

type Kennel struct {
	mu       sync.Mutex
	handsets map[*Handset]struct{}
	buzzers  map[string]time.Time
	pressed  int
}

type Handset struct {
	conn   net.Conn
	alerts chan string
}

var (
	kennelsMu sync.Mutex
	kennels   = map[string]*Kennel{}
)

func kennelOf(name string) *Kennel {
	kennelsMu.Lock()
	defer kennelsMu.Unlock()
	kennel := kennels[name]
	if kennel == nil {
		kennel = &Kennel{handsets: map[*Handset]struct{}{}, buzzers: map[string]time.Time{}}
		kennels[name] = kennel
	}
	return kennel
}

func (k *Kennel) tell(alert string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.pressed++
	for handset := range k.handsets {
		select {
		case handset.alerts <- alert:
		default: // it will ask for what it missed
		}
	}
}

func (h *Handset) send() {
	defer h.conn.Close()
	for alert := range h.alerts {
		h.conn.SetWriteDeadline(time.Now().Add(5 * time.Second))
		if _, err := h.conn.Write([]byte(alert)); err != nil {
			return
		}
	}
}

func (k *Kennel) serveHandset(conn net.Conn, lines *bufio.Scanner) {
	handset := &Handset{conn: conn, alerts: make(chan string, 16)}
	k.mu.Lock()
	k.handsets[handset] = struct{}{}
	k.mu.Unlock()
	go handset.send()
	for lines.Scan() {
		// A handset only says that it is alive.
		conn.SetReadDeadline(time.Now().Add(silentFor))
	}
	k.mu.Lock()
	delete(k.handsets, handset)
	k.mu.Unlock()
	close(handset.alerts)
}

func (k *Kennel) serveBuzzer(conn net.Conn, lines *bufio.Scanner, name string) {
	for lines.Scan() {
		now := time.Now()
		conn.SetReadDeadline(now.Add(silentFor))
		switch lines.Text() {
		case "alive":
			k.mu.Lock()
			k.buzzers[name] = now
			k.mu.Unlock()
		case "pressed":
			k.tell(fmt.Sprintf("%s pressed at %s\n", name, now.Format("15:04:05")))
		}
	}
	k.mu.Lock()
	delete(k.buzzers, name)
	k.mu.Unlock()
	if lines.Err() != nil {
		k.tell(name + " is silent\n")
	}
}

func serve(conn net.Conn) {
	defer conn.Close()
	conn.SetReadDeadline(time.Now().Add(silentFor))
	lines := bufio.NewScanner(conn)
	if !lines.Scan() {
		return
	}
	words := strings.Fields(lines.Text())
	if len(words) != 3 {
		return
	}
	kennel := kennelOf(words[2])
	switch words[0] {
	case "handset":
		kennel.serveHandset(conn, lines)
	case "buzzer":
		kennel.serveBuzzer(conn, lines, words[1])
	}
}

// Sixty buzzers and eight handsets in four kennels; somebody presses about twice a second.
const devices = `
import os, sys, socket, selectors, time
sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import services
def line(words):
    s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    s.sendall(words.encode() + b"\n")
    return s
def run():
    handsets = [line(f"handset h{n} kennel{n % 4}") for n in range(8)]
    buzzers = [line(f"buzzer b{n} kennel{n % 4}") for n in range(60)]
    wait = selectors.DefaultSelector()
    for handset in handsets:
        wait.register(handset, selectors.EVENT_READ)
    both = handsets + buzzers
    for n in range(1 << 40):
        both[n % len(both)].sendall(b"alive\n")
        if n % 4 == 0:
            buzzers[n * 7 % 60].sendall(b"pressed\n")
        until = time.monotonic() + 10 / len(both)
        while (left := until - time.monotonic()) > 0:
            for ready, _ in wait.select(left):
                if not ready.fileobj.recv(4096):
                    return
services.outside(run)
`

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go func() {
		port := strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
		if err := exec.Command(os.Getenv("PYTHON"), "-c", devices, port).Run(); err != nil {
			log.Fatal(err)
		}
		time.Sleep(500 * time.Millisecond)
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
