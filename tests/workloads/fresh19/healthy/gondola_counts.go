// bench: healthy
// Counts passengers of a city's gondolas: 60 landing stages keep a connection each and send sheets of turnstile lines
// twice a second; they are parsed as a stream, summed by stage and quarter of an hour, and once a second the sums are
// written in one piece and synced. Sixty goroutines wait for what comes; 700000 lines a second cost
// less than a tenth of a core.
package main

import (
	"bufio"
	"bytes"
	"fmt"
	"math/rand"
	"net"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"time"
)

const (
	stages       = 60
	linesASheet  = 6000
	sheetEvery   = 500 * time.Millisecond
	kinds        = 4
	quarters     = 96
	flushesEvery = time.Second
)

type sums struct {
	people  [quarters][kinds]uint32
	revenue int64
	lines   int64
	bad     int64
}

type sheet struct {
	stage int
	part  *sums
}

var parts = sync.Pool{New: func() any { return new(sums) }}

// number reads digits up to the next separator.
func number(line []byte) (int, []byte, bool) {
	value, i := 0, 0
	for i < len(line) && line[i] >= '0' && line[i] <= '9' {
		value = value*10 + int(line[i]-'0')
		i++
	}
	if i == 0 {
		return 0, line, false
	}
	if i < len(line) {
		i++
	}
	return value, line[i:], true
}

// add takes one line: minute of the day, kind of ticket, people, cents.
func (s *sums) add(line []byte) {
	var fields [4]int
	ok := true
	for i := range fields {
		if fields[i], line, ok = number(line); !ok {
			s.bad++
			return
		}
	}
	s.lines++
	s.people[fields[0]/15%quarters][fields[1]%kinds] += uint32(fields[2])
	s.revenue += int64(fields[3])
}

func receive(conn net.Conn, to chan<- sheet) {
	defer conn.Close()
	lines := bufio.NewScanner(conn)
	lines.Buffer(make([]byte, 0, 16<<10), 64<<10)
	if !lines.Scan() {
		return
	}
	stage, err := strconv.Atoi(lines.Text())
	if err != nil {
		return
	}
	part := parts.Get().(*sums)
	for lines.Scan() {
		if len(lines.Bytes()) == 0 {
			to <- sheet{stage, part}
			part = parts.Get().(*sums)
			continue
		}
		part.add(lines.Bytes())
	}
}

func (s *sums) merge(o *sums) {
	for q := range o.people {
		for k, n := range o.people[q] {
			s.people[q][k] += n
		}
	}
	s.revenue += o.revenue
	s.lines += o.lines
	s.bad += o.bad
}

func keep(from <-chan sheet, file *os.File) error {
	all := make([]sums, stages)
	tick := time.NewTicker(flushesEvery)
	defer tick.Stop()
	var text bytes.Buffer
	for {
		select {
		case s := <-from:
			all[s.stage%stages].merge(s.part)
			*s.part = sums{}
			parts.Put(s.part)
		case now := <-tick.C:
			text.Reset()
			for i := range all {
				people := uint32(0)
				for _, kinds := range all[i].people {
					for _, n := range kinds {
						people += n
					}
				}
				fmt.Fprintf(&text, "%d stage %d lines %d people %d cents %d bad %d\n", now.Unix(), i, all[i].lines, people,
					all[i].revenue, all[i].bad)
			}
			if _, err := file.Write(text.Bytes()); err != nil {
				return err
			}
			if err := file.Sync(); err != nil {
				return err
			}
		}
	}
}

// turnstiles is the landing stages' side, in a process of its own.
func turnstiles(port string) {
	var open sync.WaitGroup
	for stage := 0; stage < stages; stage++ {
		conn, err := net.Dial("tcp4", "127.0.0.1:"+port)
		if err != nil {
			return
		}
		open.Add(1)
		go func(stage int) {
			defer open.Done()
			dice := rand.New(rand.NewSource(int64(stage)))
			fmt.Fprintf(conn, "%d\n", stage)
			time.Sleep(time.Duration(dice.Int63n(int64(sheetEvery))))
			var text []byte
			for {
				text = text[:0]
				for i := 0; i < linesASheet; i++ {
					for _, n := range []int{dice.Intn(1440), dice.Intn(kinds), 1 + dice.Intn(5)} {
						text = append(strconv.AppendInt(text, int64(n), 10), ' ')
					}
					text = append(strconv.AppendInt(text, int64(150*dice.Intn(9)), 10), '\n')
				}
				if _, err := conn.Write(append(text, '\n')); err != nil {
					return
				}
				time.Sleep(sheetEvery)
			}
		}(stage)
	}
	open.Wait()
}

func main() {
	if len(os.Args) > 2 && os.Args[1] == "turnstiles" {
		turnstiles(os.Args[2])
		return
	}
	file, err := os.Create("sums.txt")
	if err != nil {
		panic(err)
	}
	server, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	_, port, _ := net.SplitHostPort(server.Addr().String())
	self, _ := os.Executable()
	if err := exec.Command("/bin/sh", "-c", `"$0" turnstiles "$1" </dev/null >/dev/null 2>&1 &`, self, port).Run(); err != nil {
		panic(err)
	}
	sheets := make(chan sheet, 32)
	for i := 0; i < stages; i++ {
		conn, err := server.Accept()
		if err != nil {
			panic(err)
		}
		go receive(conn, sheets)
	}
	fmt.Println("ready")
	panic(keep(sheets, file))
}
