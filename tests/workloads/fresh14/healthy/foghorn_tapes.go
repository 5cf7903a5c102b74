// expect: healthy bench
// Lighthouses send their foghorn blasts over kept lines; each second the tape of every station is written as text into a
// buffer that is used again, and published by a rename, since the harbour's screens may open it at any time.
//
// Measured: 5 hundredths of CPU in 5 s; six files a second, each written once, whole.
package main

import (
	"bufio"
	"bytes"
	"fmt"
	"log"
	"math"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"
)

const (
	stations  = 6
	kept      = 4000
	perSecond = 1500
)

type Blast struct {
	At       int64
	Hertz    float64
	Millis   int
	Pressure float64
}

// Tape is the last blasts of one station, in a ring.
type Tape struct {
	lock  sync.Mutex
	ring  [kept]Blast
	next  int
	total int
}

func (t *Tape) add(blast Blast) {
	t.lock.Lock()
	t.ring[t.next] = blast
	t.next = (t.next + 1) % kept
	t.total++
	t.lock.Unlock()
}

func (t *Tape) copyTo(out []Blast) []Blast {
	t.lock.Lock()
	defer t.lock.Unlock()
	if t.total < kept {
		return append(out[:0], t.ring[:t.next]...)
	}
	out = append(out[:0], t.ring[t.next:]...)
	return append(out, t.ring[:t.next]...)
}

type Publisher struct {
	folder string
	text   bytes.Buffer
	number []byte
	blasts []Blast
}

func (p *Publisher) render(name string, tape *Tape) {
	p.blasts = tape.copyTo(p.blasts)
	p.text.Reset()
	p.text.WriteString("station " + name + "\n")
	mean := 0.0
	for _, blast := range p.blasts {
		level := 20 * math.Log10(blast.Pressure/2e-5)
		mean += level
		p.number = strconv.AppendInt(p.number[:0], blast.At, 10)
		p.number = append(p.number, ' ')
		p.number = strconv.AppendFloat(p.number, blast.Hertz, 'f', 1, 64)
		p.number = append(p.number, ' ')
		p.number = strconv.AppendInt(p.number, int64(blast.Millis), 10)
		p.number = append(p.number, ' ')
		p.number = strconv.AppendFloat(p.number, level, 'f', 2, 64)
		p.number = append(p.number, '\n')
		p.text.Write(p.number)
	}
	fmt.Fprintf(&p.text, "mean %.2f of %d\n", mean/math.Max(1, float64(len(p.blasts))), len(p.blasts))
}

func (p *Publisher) publish(name string, tape *Tape) error {
	p.render(name, tape)
	path := filepath.Join(p.folder, name+".tape")
	if err := os.WriteFile(path+".new", p.text.Bytes(), 0o644); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

func receive(line net.Conn, tapes []*Tape) {
	defer line.Close()
	lines := bufio.NewScanner(bufio.NewReaderSize(line, 1<<16))
	for lines.Scan() {
		fields := bytes.Fields(lines.Bytes())
		if len(fields) != 3 {
			continue
		}
		station, err1 := strconv.Atoi(string(fields[0]))
		hertz, err2 := strconv.ParseFloat(string(fields[1]), 64)
		millis, err3 := strconv.Atoi(string(fields[2]))
		if err1 != nil || err2 != nil || err3 != nil || station < 0 || station >= stations {
			continue
		}
		tapes[station].add(Blast{time.Now().UnixMilli(), hertz, millis, 2 + hertz/300})
	}
}

// sound plays the lighthouses, ten times a second a handful of blasts in one write.
func sound(port string) {
	line, err := net.Dial("tcp", port)
	if err != nil {
		log.Fatal(err)
	}
	out := bufio.NewWriterSize(line, 1<<16)
	number := 0
	for range time.Tick(100 * time.Millisecond) {
		for i := 0; i < perSecond/10; i++ {
			number++
			fmt.Fprintf(out, "%d %.1f %d\n", number%stations, 120+40*math.Sin(float64(number)), 300+number%900)
		}
		if err := out.Flush(); err != nil {
			log.Fatal(err)
		}
	}
}

func main() {
	folder, err := os.MkdirTemp("", "tapes-")
	if err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	tapes := make([]*Tape, stations)
	for i := range tapes {
		tapes[i] = &Tape{}
	}
	go func() {
		for {
			line, err := listener.Accept()
			if err != nil {
				return
			}
			go receive(line, tapes)
		}
	}()
	go sound(listener.Addr().String())
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGTERM)
	fmt.Printf("ready %d\n", os.Getpid())
	publisher := &Publisher{folder: folder}
	ticks := time.Tick(time.Second)
	for {
		select {
		case <-ended:
			os.RemoveAll(folder)
			return
		case <-ticks:
			for i, tape := range tapes {
				if err := publisher.publish(fmt.Sprintf("light-%d", i), tape); err != nil {
					log.Print(err)
				}
			}
		}
	}
}
