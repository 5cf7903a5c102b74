// bench: healthy
// Follows snail races: tags on thirty shells send where they are, a thousand times a second each, in batches; the
// stewards' program smooths the tracks, notices laps and snails that turned back, keeps a journal of the tracks on the
// disk (flushed once a second, two files of it), and draws the standings four times a second.
//
// Measured: 150 batches of 200 fixes a second; CPU 0.011 of a core, RSS stays at 3 MiB.
package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log"
	"math"
	"net"
	"os"
	"os/exec"
	"runtime"
	"sort"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

const (
	snails    = 30
	batch     = 200
	fixBytes  = 12
	trackers  = 2
	rim       = 340.0 // millimetres around the table
	fileLimit = 8 << 20
)

const tags = `
import math, os, random, socket, struct, sys, time
sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import services
port, snails, batch = map(int, sys.argv[1:])

def crawl():
    lines = [socket.create_connection(("127.0.0.1", port)) for _ in range(snails)]
    noise = [random.gauss(0, 1.5) for _ in range(997)]
    due, turn = time.monotonic(), 0
    while True:
        for snail, line in enumerate(lines):
            fixes = []
            for step in range(turn * batch, turn * batch + batch):
                angle = step * (0.00004 + snail * 0.000001) + snail
                shake = noise[(step + snail) % 997]
                fixes.append(struct.pack("<HHIhh", snail, 0, step, int(10 * (54 * math.cos(angle) + shake)),
                    int(10 * (54 * math.sin(angle) - shake))))
            line.sendall(b"".join(fixes))
        turn += 1
        due = max(due + batch / 1000, time.monotonic() - 1)
        time.sleep(max(0.0, due - time.monotonic()))

services.outside(crawl)
`

type Fix struct {
	Snail int
	Step  uint32
	X, Y  float64
}

var errUnknown = errors.New("a tag that is not in the race")

// batches are used again; a tracker gives them back.
var batches = sync.Pool{New: func() interface{} {
	fixes := make([]Fix, 0, batch)
	return &fixes
}}

// receive reads the fixes of one tag, and hands them on in batches.
func receive(line net.Conn, to chan<- *[]Fix) error {
	defer line.Close()
	in := bufio.NewReaderSize(line, 4096)
	var raw [fixBytes]byte
	fixes := batches.Get().(*[]Fix)
	for {
		if _, err := io.ReadFull(in, raw[:]); err != nil {
			return err
		}
		snail := int(binary.LittleEndian.Uint16(raw[:]))
		if snail >= snails {
			return errUnknown
		}
		*fixes = append(*fixes, Fix{
			Snail: snail,
			Step:  binary.LittleEndian.Uint32(raw[4:]),
			X:     float64(int16(binary.LittleEndian.Uint16(raw[8:]))) / 10,
			Y:     float64(int16(binary.LittleEndian.Uint16(raw[10:]))) / 10,
		})
		if len(*fixes) == batch {
			to <- fixes
			fixes = batches.Get().(*[]Fix)
		}
	}
}

// Track is what is known of one snail.
type Track struct {
	mutex        sync.Mutex
	x, y, vx, vy float64
	angle        float64
	crawled      float64
	turnedBack   int
	fixes        int
}

// Follow smooths a fix into the track (an alpha-beta filter).
func (t *Track) Follow(fix Fix) {
	const alpha, beta, dt = 0.02, 0.0002, 0.001
	if t.fixes == 0 {
		t.x, t.y, t.angle = fix.X, fix.Y, math.Atan2(fix.Y, fix.X)
	}
	x, y := t.x+t.vx*dt, t.y+t.vy*dt
	dx, dy := fix.X-x, fix.Y-y
	t.x, t.y = x+alpha*dx, y+alpha*dy
	t.vx, t.vy = t.vx+beta*dx/dt, t.vy+beta*dy/dt
	angle := math.Atan2(t.y, t.x)
	turned := math.Remainder(angle-t.angle, 2*math.Pi)
	if turned < -0.002 {
		t.turnedBack++
	}
	t.angle = angle
	t.crawled += turned / (2 * math.Pi) * rim
	t.fixes++
}

// Journal writes lines to one of two files; the older one is begun anew when the other is full.
type Journal struct {
	mutex   sync.Mutex
	out     *bufio.Writer
	file    *os.File
	written int
	turn    int
}

func (j *Journal) open() error {
	if j.file != nil {
		if err := j.out.Flush(); err != nil {
			return err
		}
		j.file.Close()
	}
	file, err := os.Create("journal." + strconv.Itoa(j.turn%2))
	if err != nil {
		return err
	}
	j.file, j.out, j.written = file, bufio.NewWriterSize(file, 64<<10), 0
	j.turn++
	return nil
}

func (j *Journal) Write(lines []byte) error {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	if j.written > fileLimit {
		if err := j.open(); err != nil {
			return err
		}
	}
	n, err := j.out.Write(lines)
	j.written += n
	return err
}

func (j *Journal) Flush() error {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	return j.out.Flush()
}

type Race struct {
	tracks    [snails]Track
	journal   Journal
	standings atomic.Value
	batches   int64
}

// note appends a line for the journal.
func note(lines []byte, fix Fix, track *Track) []byte {
	lines = strconv.AppendInt(lines, int64(fix.Snail), 10)
	lines = append(lines, ' ')
	lines = strconv.AppendUint(lines, uint64(fix.Step), 10)
	lines = append(lines, ' ')
	lines = strconv.AppendFloat(lines, track.crawled, 'f', 2, 64)
	return append(lines, '\n')
}

func (r *Race) track(from <-chan *[]Fix) {
	var lines []byte
	for fixes := range from {
		track := &r.tracks[(*fixes)[0].Snail]
		lines = lines[:0]
		track.mutex.Lock()
		for _, fix := range *fixes {
			track.Follow(fix)
			lines = note(lines, fix, track)
		}
		track.mutex.Unlock()
		if err := r.journal.Write(lines); err != nil {
			log.Print(err)
		}
		*fixes = (*fixes)[:0]
		batches.Put(fixes)
		atomic.AddInt64(&r.batches, 1)
	}
}

type Place struct {
	Snail   int
	Crawled float64
	Laps    int
}

func (r *Race) draw() {
	places := make([]Place, snails)
	for i := range r.tracks {
		track := &r.tracks[i]
		track.mutex.Lock()
		places[i] = Place{i, track.crawled, int(track.crawled / rim)}
		track.mutex.Unlock()
	}
	sort.Slice(places, func(i, j int) bool { return places[i].Crawled > places[j].Crawled })
	r.standings.Store(places)
}

func (r *Race) steward() {
	draw, flush, heat := time.NewTicker(250*time.Millisecond), time.NewTicker(time.Second), time.NewTicker(12*time.Second)
	for {
		select {
		case <-draw.C:
			r.draw()
		case <-flush.C:
			if err := r.journal.Flush(); err != nil {
				log.Print(err)
			}
		case <-heat.C: // what a heat left goes between two heats
			runtime.GC()
			log.Printf("%d batches, leads %v", atomic.SwapInt64(&r.batches, 0), r.standings.Load().([]Place)[0])
		}
	}
}

func (r *Race) listen(listener net.Listener, to chan<- *[]Fix) {
	for {
		line, err := listener.Accept()
		if err != nil {
			log.Print(err)
			return
		}
		go func() {
			if err := receive(line, to); err != nil && err != io.EOF {
				log.Print(err)
			}
		}()
	}
}

func main() {
	race := &Race{}
	if err := race.journal.open(); err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fixes := make(chan *[]Fix, 64)
	for i := 0; i < trackers; i++ {
		go race.track(fixes)
	}
	go race.listen(listener, fixes)
	go race.steward()
	port := strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
	command := exec.Command(os.Getenv("PYTHON"), "-c", tags, port, strconv.Itoa(snails), strconv.Itoa(batch))
	if err := command.Run(); err != nil {
		log.Fatal(err)
	}
	time.Sleep(2 * time.Second)
	fmt.Printf("ready %d\n", os.Getpid())
	select {}
}
