// expect: healthy bench
// Feeds a farm of 3D printers over the network: each gets the next lines of its tool path when it has worked off one, and
// tells its temperatures now and then.
// Measured: 0.05 of a core for 1,240 lines a second, 0.28 in the twin with the problem.
package main

import (
	"bufio"
	"fmt"
	"math"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const printers = 120

// path is what a printer works off, for ever: a vase after the other.
type path struct {
	shape, at int
	builder   strings.Builder
}

// next gives a line of G-code with its number and checksum.
func (p *path) next() []byte {
	turn, height := float64(p.at)*2*math.Pi/60, float64(p.at/60)*0.2
	width := 20 + 8*math.Sin(height*float64(2+p.shape%5))
	p.builder.Reset()
	fmt.Fprintf(&p.builder, "N%d G1 X%.3f Y%.3f Z%.2f E0.05", p.at, 100+width*math.Cos(turn), 100+width*math.Sin(turn), height)
	sum := byte(0)
	for _, letter := range []byte(p.builder.String()) {
		sum ^= letter
	}
	fmt.Fprintf(&p.builder, "*%d\n", sum)
	p.at = (p.at + 1) % 6000
	return []byte(p.builder.String())
}

// session is the line to one printer.
type session struct {
	line   net.Conn
	path   path
	orders chan string
	hot    float64
	farm   *farm
}

type farm struct {
	mutex    sync.Mutex
	sessions []*session
	sent     int64
}

// take handles what a printer said.
func (s *session) take(said string) error {
	word, rest, _ := strings.Cut(strings.TrimSpace(said), " ")
	switch word {
	case "ok":
		if _, err := s.line.Write(s.path.next()); err != nil {
			return err
		}
		atomic.AddInt64(&s.farm.sent, 1)
	case "T":
		hot, err := strconv.ParseFloat(rest, 64)
		if err != nil {
			return err
		}
		s.hot += 0.2 * (hot - s.hot)
		if s.hot > 260 {
			return fmt.Errorf("printer %d is too hot", s.path.shape)
		}
	}
	return nil
}

// obey passes on what the people at the desk order.
func (s *session) obey() {
	for order := range s.orders {
		if _, err := s.line.Write([]byte(order)); err != nil {
			return // serve knows it too
		}
	}
}

// serve looks after a printer, as long as it is there.
func (s *session) serve() error {
	defer s.line.Close()
	go s.obey()
	in := bufio.NewReader(s.line)
	for {
		said, err := in.ReadString('\n')
		if err != nil {
			return err
		}
		if err := s.take(said); err != nil {
			return err
		}
	}
}

func (f *farm) accept(listener net.Listener) {
	for number := 0; ; number++ {
		line, err := listener.Accept()
		if err != nil {
			return
		}
		s := &session{line: line, path: path{shape: number}, orders: make(chan string, 4), hot: 20, farm: f}
		f.mutex.Lock()
		f.sessions = append(f.sessions, s)
		f.mutex.Unlock()
		go func() {
			if err := s.serve(); err != nil {
				fmt.Fprintln(os.Stderr, err)
			}
		}()
	}
}

// printer is the machine at the other end, in a process of its own: it needs a while for each line.
func printer(number int, address string) {
	line, err := net.Dial("tcp", address)
	if err != nil {
		os.Exit(1)
	}
	in := bufio.NewReader(line)
	for i := 0; ; i++ {
		time.Sleep(time.Duration(70+number%60) * time.Millisecond)
		said := "ok\n"
		if i%10 == 0 {
			said += fmt.Sprintf("T %d.%d\n", 205+i%7, number%10)
		}
		if _, err := line.Write([]byte(said)); err != nil {
			os.Exit(0)
		}
		for { // an order of the desk may come before the next line
			got, err := in.ReadString('\n')
			if err != nil {
				os.Exit(0)
			}
			if got[0] == 'N' {
				break
			}
		}
	}
}

func main() {
	if len(os.Args) == 3 && os.Args[1] == "start" { // ends at once: the printers are nobody's children here
		if exec.Command(os.Args[0], "printers", os.Args[2]).Start() != nil {
			os.Exit(1)
		}
		return
	}
	if len(os.Args) == 3 {
		for i := 0; i < printers; i++ {
			go printer(i, os.Args[2])
		}
		select {}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	f := &farm{}
	go f.accept(listener)
	if err := exec.Command(os.Args[0], "start", listener.Addr().String()).Run(); err != nil {
		panic(err)
	}
	log, err := os.Create("farm.log")
	if err != nil {
		panic(err)
	}
	began := time.Now()
	fmt.Println("ready", os.Getpid())
	for second := range time.Tick(time.Second) {
		fmt.Fprintf(log, "%d %d lines sent\n", second.Sub(began).Milliseconds(), atomic.LoadInt64(&f.sent))
		f.mutex.Lock()
		if len(f.sessions) > 0 {
			chosen := f.sessions[second.Unix()%int64(len(f.sessions))]
			select {
			case chosen.orders <- "M220 S95\n": // a little slower, please
			default:
			}
		}
		f.mutex.Unlock()
	}
}
