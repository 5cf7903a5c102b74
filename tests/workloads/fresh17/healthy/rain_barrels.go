// expect: healthy bench
// Reads the rain barrels of an allotment association: each of 240 barrels has a controller of its own that sleeps
// on a small battery and hangs up after an answer; the reader asks each of them once in twelve seconds, over a
// connection that can only be used once, and writes the watering plan as one text every second.
//
// Measured: 97 barrels read in 5 s, 0.04 s of CPU in 6 s.
package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	barrels = 240
	round   = 12 * time.Second
)

// controllers is the other process: the barrels, each at an address of its own.
func controllers() {
	out := bufio.NewWriter(os.Stdout)
	for i := 0; i < barrels; i++ {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			log.Fatal(err)
		}
		fmt.Fprintln(out, listener.Addr())
		go answer(i, listener)
	}
	out.Flush()
	select {}
}

func answer(barrel int, listener net.Listener) {
	level := 40 + barrel*7%150
	for {
		line, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		time.Sleep(15 * time.Millisecond) // the float has to settle
		level = (level*13 + barrel) % 210
		line.SetDeadline(time.Now().Add(2 * time.Second))
		fmt.Fprintf(line, "LEVEL %d TEMPERATURE %d BATTERY %d\n", level, 4+barrel%20, 2900+barrel%400)
		line.Close()
	}
}

type Barrel struct {
	Number  int
	Address string
}

type Reading struct {
	Barrel                      int
	Level, Temperature, Battery int
	At                          time.Time
}

// ask reads one barrel; the controller hangs up when it has answered.
func ask(ctx context.Context, barrel Barrel) (Reading, error) {
	ctx, done := context.WithTimeout(ctx, 2*time.Second)
	defer done()
	line, err := new(net.Dialer).DialContext(ctx, "tcp", barrel.Address)
	if err != nil {
		return Reading{}, err
	}
	defer line.Close()
	line.SetDeadline(time.Now().Add(2 * time.Second))
	told, err := io.ReadAll(io.LimitReader(line, 128))
	if err != nil {
		return Reading{}, err
	}
	reading := Reading{Barrel: barrel.Number, At: time.Now()}
	_, err = fmt.Sscanf(string(told), "LEVEL %d TEMPERATURE %d BATTERY %d",
		&reading.Level, &reading.Temperature, &reading.Battery)
	return reading, err
}

// Garden is what is known of all barrels.
type Garden struct {
	mutex   sync.Mutex
	newest  [barrels]Reading
	read    int
	missing int
}

func (g *Garden) note(reading Reading, err error) {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	if err != nil {
		g.missing++
		return
	}
	g.read++
	g.newest[reading.Barrel] = reading
}

func (g *Garden) snapshot() (newest [barrels]Reading, read, missing int) {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	return g.newest, g.read, g.missing
}

// plan tells who may water how much, one line for each barrel.
func (g *Garden) plan() string {
	newest, read, missing := g.snapshot()
	var text strings.Builder
	text.Grow(barrels * 48)
	fmt.Fprintf(&text, "%d readings, %d missing\n", read, missing)
	for _, reading := range newest {
		if reading.At.IsZero() {
			continue
		}
		cans := reading.Level / 10
		if reading.Temperature < 6 {
			cans /= 2
		}
		fmt.Fprintf(&text, "plot %d: %d cans", reading.Barrel+1, cans)
		if reading.Battery < 3000 {
			text.WriteString(", change the battery")
		}
		text.WriteByte('\n')
	}
	return text.String()
}

func (g *Garden) publish() {
	for range time.Tick(time.Second) {
		if err := os.WriteFile("plan.txt", []byte(g.plan()), 0o644); err != nil {
			log.Print(err)
		}
	}
}

func startControllers() ([]Barrel, error) {
	command := exec.Command("/proc/self/exe")
	command.Env = append(os.Environ(), "RAIN_BARRELS=controllers")
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	told, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, err
	}
	all := make([]Barrel, 0, barrels)
	for lines := bufio.NewScanner(told); len(all) < barrels && lines.Scan(); {
		all = append(all, Barrel{len(all), lines.Text()})
	}
	if len(all) < barrels {
		return nil, io.ErrUnexpectedEOF
	}
	return all, nil
}

func main() {
	if os.Getenv("RAIN_BARRELS") != "" {
		controllers()
	}
	all, err := startControllers()
	if err != nil {
		log.Fatal(err)
	}
	garden := &Garden{}
	turn := make(chan Barrel)
	for i := 0; i < 4; i++ {
		go func() {
			for barrel := range turn {
				garden.note(ask(context.Background(), barrel))
			}
		}()
	}
	go garden.publish()
	fmt.Printf("ready %d\n", os.Getpid())
	pace := time.NewTicker(round / barrels)
	for i := 0; ; i++ {
		turn <- all[i%barrels]
		<-pace.C
	}
}
