// bench: healthy
// The stove watch of a winter yurt camp: sensors at the stoves send what they measure over a few lines; the watch
// smooths it, looks for smoke and for stoves that go out, and shows each yurt in Redis, all of them in one pipeline.
//
// Measured: 60000 samples a second, 320 yurts shown a second in two pipelines; CPU 2.5 % of a core.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"log"
	"math"
	"math/rand"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gomodule/redigo/redis"
)

const (
	yurts   = 160
	lines   = 4
	samples = 60000 // a second
	history = 32
)

var errLine = errors.New("not a sample")

type Sample struct {
	Yurt    int
	Flue    float64 // degrees
	Room    float64
	Smoke   float64 // parts of a million
	Arrived time.Time
}

type Yurt struct {
	flue, room, smoke float64
	past              [history]float64
	next              int
	warned            string
	changed           bool
}

// Rule is what the watch looks for; there are few of them, the gravest first.
type Rule struct {
	name   string
	broken func(*Yurt) bool
}

var rules = []Rule{
	{"smoke in the yurt", func(y *Yurt) bool { return y.smoke > 70 }},
	{"flue too hot", func(y *Yurt) bool { return y.flue > 420 }},
	{"stove goes out", func(y *Yurt) bool { return y.flue < 60 && y.slope() < -0.5 }},
	{"cold", func(y *Yurt) bool { return y.room < 9 }},
}

// slope is how the flue changes from sample to sample, by least squares.
func (y *Yurt) slope() float64 {
	middle := float64(history-1) / 2
	var up, down float64
	for i := 0; i < history; i++ {
		off := float64(i) - middle
		up += off * y.past[(y.next+i)%history]
		down += off * off
	}
	return up / down
}

func number(text string) (float64, error) {
	value, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(value) {
		return 0, errLine
	}
	return value, nil
}

// parse takes "yurt flue room smoke".
func parse(text string) (sample Sample, err error) {
	words := strings.Fields(text)
	if len(words) != 4 {
		return sample, errLine
	}
	if sample.Yurt, err = strconv.Atoi(words[0]); err != nil || sample.Yurt < 0 || sample.Yurt >= yurts {
		return sample, errLine
	}
	for i, into := range []*float64{&sample.Flue, &sample.Room, &sample.Smoke} {
		if *into, err = number(words[i+1]); err != nil {
			return sample, err
		}
	}
	return sample, nil
}

type Watch struct {
	pool    *redis.Pool
	samples chan []Sample
	yurts   [yurts]Yurt
	taken   int64
	refused int64
	shown   int64
}

// read parses one line's samples and passes them on, as many at a time as have come.
func (w *Watch) read(from net.Conn) error {
	defer from.Close()
	incoming := bufio.NewReaderSize(from, 32<<10)
	batch := make([]Sample, 0, 256)
	for {
		text, err := incoming.ReadString('\n')
		if err != nil {
			return err
		}
		sample, err := parse(text)
		if err != nil {
			atomic.AddInt64(&w.refused, 1)
			continue
		}
		batch = append(batch, sample)
		if incoming.Buffered() == 0 || len(batch) == cap(batch) {
			w.samples <- batch
			batch = make([]Sample, 0, 256)
		}
	}
}

func (w *Watch) take(sample Sample) {
	yurt := &w.yurts[sample.Yurt]
	yurt.flue += (sample.Flue - yurt.flue) / 8
	yurt.room += (sample.Room - yurt.room) / 16
	yurt.smoke += (sample.Smoke - yurt.smoke) / 4
	yurt.past[yurt.next] = yurt.flue
	yurt.next = (yurt.next + 1) % history
	warned := ""
	for _, rule := range rules {
		if rule.broken(yurt) {
			warned = rule.name
			break
		}
	}
	yurt.changed = true
	yurt.warned = warned
}

// show writes the yurts that changed, and waits once for all of the answers.
func (w *Watch) show(conn redis.Conn) error {
	sent := 0
	for i := range w.yurts {
		yurt := &w.yurts[i]
		if !yurt.changed {
			continue
		}
		yurt.changed = false
		err := conn.Send("HSET", "yurt:"+strconv.Itoa(i), "flue", int(yurt.flue), "room", int(yurt.room), "warned", yurt.warned)
		if err != nil {
			return err
		}
		sent++
	}
	if err := conn.Flush(); err != nil {
		return err
	}
	for ; sent > 0; sent-- {
		if _, err := conn.Receive(); err != nil {
			return err
		}
		atomic.AddInt64(&w.shown, 1)
	}
	return nil
}

// run is the only one that touches the yurts.
func (w *Watch) run() {
	conn := w.pool.Get()
	defer conn.Close()
	tick := time.NewTicker(500 * time.Millisecond)
	for {
		select {
		case batch := <-w.samples:
			for _, sample := range batch {
				w.take(sample)
			}
			atomic.AddInt64(&w.taken, int64(len(batch)))
		case <-tick.C:
			if err := w.show(conn); err != nil {
				log.Fatal(err)
			}
		}
	}
}

// camp is the other side: the lines over which the sensors send, some samples every fiftieth of a second.
func camp(address string) {
	for i := 0; i < lines; i++ {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			log.Fatal(err)
		}
		go func(first int) {
			var text strings.Builder
			for range time.Tick(20 * time.Millisecond) {
				text.Reset()
				for j := 0; j < samples/50/lines; j++ {
					yurt := first + lines*rand.Intn(yurts/lines)
					fmt.Fprintf(&text, "%d %.1f %.1f %.1f\n", yurt, 150+rand.Float64()*90+float64(yurt), 10+rand.Float64()*12,
						rand.Float64()*60)
				}
				if _, err := conn.Write([]byte(text.String())); err != nil {
					os.Exit(1)
				}
			}
		}(i)
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

func connect() (*redis.Pool, error) {
	command := exec.Command(os.Getenv("PYTHON"), os.Getenv("SERVICES"), "redis")
	command.Stderr = os.Stderr
	told, err := command.Output()
	if err != nil {
		return nil, err
	}
	address := "127.0.0.1:" + strings.TrimSpace(string(told))
	return &redis.Pool{MaxIdle: 2, Dial: func() (redis.Conn, error) { return redis.Dial("tcp", address) }}, nil
}

func main() {
	if len(os.Args) > 2 && os.Args[1] == "camp" {
		camp(os.Args[2])
	}
	pool, err := connect()
	if err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	watch := &Watch{pool: pool, samples: make(chan []Sample, 64)}
	go watch.run()
	if err := outside("camp", listener.Addr().String()); err != nil {
		log.Fatal(err)
	}
	for i := 0; i < lines; i++ {
		conn, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go func() { log.Fatal(watch.read(conn)) }()
	}
	for atomic.LoadInt64(&watch.shown) < yurts {
		time.Sleep(50 * time.Millisecond)
	}
	fmt.Printf("ready %d\n", os.Getpid())
	for {
		time.Sleep(10 * time.Second)
		log.Printf("%d samples, %d refused, %d shown", atomic.LoadInt64(&watch.taken), atomic.LoadInt64(&watch.refused),
			atomic.LoadInt64(&watch.shown))
	}
}
