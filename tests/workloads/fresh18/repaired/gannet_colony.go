// bench: repaired twin of gannet_colony
// Collector for nest scales in a gannet colony: six base stations send the landings and departures that they noted (up to
// 800 a second each, after storms more), each after the last was taken; every station has a journal of its own.
// Measured (problem and this twin): 0.5 ms of waiting for each record (the rest of a visit: 0.02 ms of CPU), 26 to 48 % of a core; twin: 8 %.
package main

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand"
	"net"
	"os"
	"os/exec"
	"strconv"
	"sync/atomic"
	"time"
)

const (
	stations         = 6
	visitsPerSecond  = 800
	nestsPerStation  = 300
	visitBytes       = 24
	journalBytesKept = 32 << 20
	commitEvery      = 2 * time.Second
)

type visit struct {
	nest   uint32
	kind   uint32 // 0 landed, 1 left
	at     int64
	weight uint64 // milligrams
}

func parse(raw []byte) visit {
	return visit{
		nest:   binary.LittleEndian.Uint32(raw),
		kind:   binary.LittleEndian.Uint32(raw[4:]),
		at:     int64(binary.LittleEndian.Uint64(raw[8:])),
		weight: binary.LittleEndian.Uint64(raw[16:]),
	}
}

type journal struct {
	file   *os.File
	line   []byte
	held   []byte
	size   int64
	synced time.Time
}

func openJournal(name string) (*journal, error) {
	file, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	return &journal{file: file, held: make([]byte, 0, 128<<10), synced: time.Now()}, nil
}

func (j *journal) add(station int, v visit) error {
	line := j.line[:0]
	line = strconv.AppendInt(line, v.at, 10)
	line = append(line, ' ')
	line = strconv.AppendInt(line, int64(station), 10)
	line = append(line, ' ')
	line = strconv.AppendUint(line, uint64(v.nest), 10)
	line = append(line, " LD"[1+v.kind], ' ')
	line = strconv.AppendUint(line, v.weight, 10)
	line = append(line, '\n')
	j.line = line
	j.held = append(j.held, line...)
	if time.Since(j.synced) < commitEvery {
		return nil
	}
	return j.commit()
}

// commit brings what was gathered to the disk; the stations keep what they sent for a minute.
func (j *journal) commit() error {
	if j.size > journalBytesKept {
		j.size = 0
	}
	n, err := j.file.WriteAt(j.held, j.size)
	j.size += int64(n)
	if err != nil {
		return err
	}
	j.held = j.held[:0]
	j.synced = time.Now()
	return j.file.Sync()
}

type nest struct {
	occupied bool
	landed   int64
	meals    uint32
	mass     float64
}

type station struct {
	number int
	nests  [nestsPerStation]nest
	log    *journal
}

func (s *station) note(v visit) {
	n := &s.nests[v.nest%nestsPerStation]
	n.mass += (float64(v.weight)/1e6 - n.mass) * 0.05
	if v.kind == 0 {
		n.occupied, n.landed = true, v.at
		return
	}
	if n.occupied && v.at-n.landed > int64(20*time.Second) {
		n.meals++
	}
	n.occupied = false
}

var taken uint64

func (s *station) serve(conn net.Conn) error {
	defer conn.Close()
	in := bufio.NewReaderSize(conn, 4096)
	raw := make([]byte, visitBytes)
	ack := make([]byte, 8)
	for number := uint64(1); ; number++ {
		if _, err := io.ReadFull(in, raw); err != nil {
			return err
		}
		v := parse(raw)
		s.note(v)
		if err := s.log.add(s.number, v); err != nil {
			return err
		}
		atomic.AddUint64(&taken, 1)
		binary.LittleEndian.PutUint64(ack, number)
		if _, err := conn.Write(ack); err != nil {
			return err
		}
	}
}

// baseStation sends visits at its pace, each after the last was acknowledged.
func baseStation(address string, seed int64) error {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	rng := rand.New(rand.NewSource(seed))
	raw := make([]byte, visitBytes)
	ack := make([]byte, 8)
	const burst = 5
	pace := time.NewTicker(burst * time.Second / visitsPerSecond)
	for {
		for i := 0; i < burst; i++ {
			binary.LittleEndian.PutUint32(raw, uint32(rng.Intn(nestsPerStation)))
			binary.LittleEndian.PutUint32(raw[4:], uint32(rng.Intn(2)))
			binary.LittleEndian.PutUint64(raw[8:], uint64(time.Now().UnixNano()))
			binary.LittleEndian.PutUint64(raw[16:], uint64(2800000+rng.Intn(600000)))
			if _, err := conn.Write(raw); err != nil {
				return err
			}
			if _, err := io.ReadFull(conn, ack); err != nil {
				return err
			}
		}
		<-pace.C
	}
}

func colony(address string) {
	ended := make(chan error)
	for i := 0; i < stations; i++ {
		go func(i int) { ended <- baseStation(address, int64(i)) }(i)
	}
	<-ended
}

func main() {
	if len(os.Args) == 3 && os.Args[1] == "colony" {
		colony(os.Args[2])
		return
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	self, _ := os.Executable()
	if err := exec.Command("sh", "-c", `"$0" colony "$1" >/dev/null 2>&1 &`, self, listener.Addr().String()).Run(); err != nil {
		panic(err)
	}
	for i := 0; i < stations; i++ {
		conn, err := listener.Accept()
		if err != nil {
			panic(err)
		}
		log, err := openJournal(fmt.Sprintf("station%d.log", i))
		if err != nil {
			panic(err)
		}
		s := &station{number: i, log: log}
		go func() {
			if err := s.serve(conn); err != nil {
				fmt.Fprintln(os.Stderr, s.number, err)
			}
		}()
	}
	time.Sleep(300 * time.Millisecond)
	fmt.Println("ready")
	for range time.Tick(10 * time.Second) {
		fmt.Fprintln(os.Stderr, "visits:", atomic.LoadUint64(&taken))
	}
}
