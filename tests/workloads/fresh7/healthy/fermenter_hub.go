// expect: healthy bench
// The hub of a brewery: six controllers send readings of their fermenters over TCP, line by line; the hub keeps the
// state of each tank, raises alarms, and writes a summary each second to a file that it begins anew when it is large.
// Measured: 93,000 readings a second (the machine is busy), 0.2 us of CPU each; 130 reads of 11 kB, one write a second.
package main

import (
	"bufio"
	"bytes"
	"fmt"
	"log"
	"math"
	"net"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"time"
)

const (
	controllers = 6
	tanks       = 40 // of each
	journalSize = 8 << 20
)

// Tank is what the hub knows of one fermenter.
type Tank struct {
	readings              int
	mean, spread, gravity float64
	hot                   bool
}

func (t *Tank) take(celsius, gravity float64) (alarm bool) {
	t.readings++
	weight := math.Max(0.002, 1/float64(t.readings))
	away := celsius - t.mean
	t.mean += weight * away
	t.spread += weight * (away*away - t.spread)
	t.gravity += weight * (gravity - t.gravity)
	hot := t.mean > 20.5
	alarm = hot && !t.hot
	t.hot = hot
	return alarm
}

// Cellar is the tanks of one controller; its connection's goroutine and the journal share it.
type Cellar struct {
	mutex  sync.Mutex
	tanks  [tanks]Tank
	bad    int
	alarms int
}

// parse reads "tank celsius gravity".
func parse(line []byte) (tank int, celsius, gravity float64, ok bool) {
	first, rest, _ := bytes.Cut(line, []byte{' '})
	second, third, _ := bytes.Cut(rest, []byte{' '})
	tank, err1 := strconv.Atoi(string(first))
	celsius, err2 := strconv.ParseFloat(string(second), 64)
	gravity, err3 := strconv.ParseFloat(string(third), 64)
	ok = err1 == nil && err2 == nil && err3 == nil && tank >= 0 && tank < tanks
	return tank, celsius, gravity, ok
}

func (c *Cellar) follow(line net.Conn) {
	defer line.Close()
	in := bufio.NewScanner(bufio.NewReaderSize(line, 1<<16))
	for in.Scan() {
		tank, celsius, gravity, ok := parse(in.Bytes())
		c.mutex.Lock()
		if !ok {
			c.bad++
		} else if c.tanks[tank].take(celsius, gravity) {
			c.alarms++
		}
		c.mutex.Unlock()
	}
}

// report adds a line for each tank.
func (c *Cellar) report(number int, out *bufio.Writer) {
	c.mutex.Lock()
	now, alarms := c.tanks, c.alarms
	c.mutex.Unlock()
	for i := range now {
		tank := &now[i]
		spread := math.Sqrt(tank.spread)
		fmt.Fprintf(out, "%d.%d %d %.2f±%.2f %.4f\n", number, i, tank.readings, tank.mean, spread, tank.gravity)
	}
	fmt.Fprintf(out, "cellar %d: %d alarms\n", number, alarms)
}

// keepJournal writes the reports, once a second.
func keepJournal(cellars []*Cellar) error {
	file, err := os.Create("cellars.log")
	if err != nil {
		return err
	}
	defer file.Close()
	out := bufio.NewWriterSize(file, 1<<16)
	for range time.Tick(time.Second) {
		for number, cellar := range cellars {
			cellar.report(number, out)
		}
		if err := out.Flush(); err != nil {
			return err
		}
		if at, _ := file.Seek(0, 1); at > journalSize {
			file.Seek(0, 0)
		}
	}
	return nil
}

// control is a controller: a process of its own, which sends what its sensors say every 50 ms.
func control(address string) {
	line, err := net.Dial("tcp", address)
	if err != nil {
		log.Fatal(err)
	}
	out := bufio.NewWriterSize(line, 1<<15)
	for round := 0; ; round++ {
		for i := 0; i < 30*tanks; i++ {
			celsius := 19 + math.Sin(float64(round)/400+float64(i%tanks)) + float64(i%7)/10
			fmt.Fprintf(out, "%d %.3f %.4f\n", i%tanks, celsius, 1.012+float64(i%11)/5000)
		}
		if out.Flush() != nil {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func main() {
	if address := os.Getenv("FERMENTER_HUB"); address != "" {
		control(address)
		return
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	var cellars []*Cellar
	for i := 0; i < controllers; i++ {
		controller := exec.Command(os.Args[0])
		controller.Env = append(os.Environ(), "FERMENTER_HUB="+listener.Addr().String())
		line, cellar := net.Conn(nil), &Cellar{}
		if err = controller.Start(); err == nil {
			line, err = listener.Accept()
		}
		if err != nil {
			log.Fatal(err)
		}
		cellars = append(cellars, cellar)
		go cellar.follow(line)
	}
	fmt.Println("ready", os.Getpid())
	log.Fatal(keepJournal(cellars))
}
