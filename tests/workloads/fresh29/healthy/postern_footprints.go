// expect: healthy bench
// Footprints at the postern: sentries ask whether somebody who wants to come in by the back gate may try (a line "name
// address outcome"), and get a verdict and an empty line. Whoever failed five times within half a minute has to wait.
// Every verdict goes to the footprint log, which is buffered and written once a second.
package main

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	failuresAllowed = 5
	window          = 30 * time.Second
	logLimit        = 8 << 20
)

type trail struct {
	failures [failuresAllowed]time.Time // a ring of the latest
	next     int
	last     time.Time
}

func (t *trail) barred(now time.Time) bool {
	oldest := t.failures[t.next]
	return !oldest.IsZero() && now.Sub(oldest) < window
}

func (t *trail) fail(now time.Time) {
	t.failures[t.next] = now
	t.next = (t.next + 1) % failuresAllowed
	t.last = now
}

type postern struct {
	mu     sync.Mutex
	trails map[string]*trail
}

func (p *postern) judge(who string, failed bool, now time.Time) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.trails[who]
	if t != nil && t.barred(now) {
		return "wait"
	}
	if !failed {
		delete(p.trails, who)
		return "pass"
	}
	if t == nil {
		t = &trail{}
		p.trails[who] = t
	}
	t.fail(now)
	return "noted"
}

func (p *postern) sweep(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for who, t := range p.trails {
		if now.Sub(t.last) >= window {
			delete(p.trails, who)
		}
	}
}

type footprints struct {
	mu      sync.Mutex
	file    *os.File
	out     *bufio.Writer
	written int64
}

func openFootprints(path string) (*footprints, error) {
	file, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	return &footprints{file: file, out: bufio.NewWriterSize(file, 64<<10)}, nil
}

func (f *footprints) note(now time.Time, who, verdict string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	line := f.out.AvailableBuffer()
	line = strconv.AppendInt(line, now.UnixMilli(), 10)
	line = append(line, ' ')
	line = append(line, who...)
	line = append(line, ' ')
	line = append(line, verdict...)
	line = append(line, '\n')
	n, _ := f.out.Write(line)
	f.written += int64(n)
}

// settle writes what is held, and begins anew when the log is full.
func (f *footprints) settle() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.out.Flush(); err != nil {
		return err
	}
	if f.written < logLimit {
		return nil
	}
	f.written = 0
	if err := f.file.Truncate(0); err != nil {
		return err
	}
	_, err := f.file.Seek(0, 0)
	return err
}

func serve(line net.Conn, gate *postern, log *footprints) {
	defer line.Close()
	in := bufio.NewScanner(line)
	out := bufio.NewWriter(line)
	for in.Scan() {
		who, outcome, found := bytes.Cut(in.Bytes(), []byte{'/'})
		verdict := "unclear"
		if found {
			now := time.Now()
			name := string(who)
			verdict = gate.judge(name, string(outcome) == "failed", now)
			log.note(now, name, verdict)
		}
		out.WriteString(verdict)
		out.WriteString("\n\n")
		if out.Flush() != nil {
			return
		}
	}
}

func sentries(port int) error {
	questions := make([]string, 0, 600)
	for i := 0; i < 600; i++ {
		outcome := "good"
		if i%5 == 0 {
			outcome = "failed"
		}
		questions = append(questions, fmt.Sprintf("squire%d@10.0.%d.%d/%s", i*31%211, i%7, i%250, outcome))
	}
	clients := filepath.Join(filepath.Dir(os.Getenv("SERVICES")), "clients.py")
	return exec.Command(os.Getenv("PYTHON"), clients, "lines", strconv.Itoa(port), strings.Join(questions, ","), "6", "0.004").Run()
}

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	log, err := openFootprints("footprints.log")
	if err != nil {
		panic(err)
	}
	gate := &postern{trails: map[string]*trail{}}
	go func() {
		for now := range time.Tick(time.Second) {
			gate.sweep(now)
			if err := log.settle(); err != nil {
				fmt.Fprintln(os.Stderr, "footprints:", err)
			}
		}
	}()
	if err := sentries(listener.Addr().(*net.TCPAddr).Port); err != nil {
		panic(err)
	}
	fmt.Println("ready", os.Getpid())
	for {
		line, err := listener.Accept()
		if err != nil {
			panic(err)
		}
		go serve(line, gate, log)
	}
}
