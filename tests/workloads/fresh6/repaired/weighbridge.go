// expect: healthy bench
// Takes the tickets of a grain elevator's weighbridges, checks them, seals each with the digest that the inspectors
// check with their own script, and keeps the journal and the accounts of the farms.
// Measured: a ticket costs 1.0 ms of CPU, seven tenths of it in the program started for it (430 a second take half a
// core); 0.04 ms in the twin.
package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand"
	"os"
	"sort"
	"strings"
	"sync"
	"time"
)

const (
	bridges     = 4
	farms       = 900
	pace        = 9 * time.Millisecond
	journalSize = 40 << 20
)

var crops = []string{"barley", "oats", "rye", "spelt", "wheat"}

type Ticket struct {
	Bridge   int
	Number   int
	Farm     int
	Crop     string
	Gross    int
	Tare     int
	Moisture float64
	At       time.Time
}

// Net is what is paid for: water above 14 % is taken off.
func (t Ticket) Net() int {
	net := float64(t.Gross - t.Tare)
	if t.Moisture > 14 {
		net *= (100 - t.Moisture) / 86
	}
	return int(net)
}

func (t Ticket) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "bridge %d ticket %07d\nfarm F%04d crop %s\n", t.Bridge, t.Number, t.Farm, t.Crop)
	fmt.Fprintf(&b, "gross %d tare %d moisture %.1f net %d\n", t.Gross, t.Tare, t.Moisture, t.Net())
	fmt.Fprintf(&b, "weighed %s\n", t.At.UTC().Format(time.RFC3339))
	return b.String()
}

func (t Ticket) Check() error {
	switch {
	case t.Gross <= t.Tare:
		return fmt.Errorf("ticket %d/%d: the wagon weighs nothing", t.Bridge, t.Number)
	case t.Moisture > 22:
		return fmt.Errorf("ticket %d/%d: too wet for the silo", t.Bridge, t.Number)
	}
	return nil
}

type Sealer struct {
	key string
}

// Seal gives the digest of the key and the text.
func (s Sealer) Seal(text string) string {
	digest := sha256.Sum256([]byte(s.key + text))
	return hex.EncodeToString(digest[:])
}

type Journal struct {
	name string
	file *os.File
	out  *bufio.Writer
	size int
}

func OpenJournal(name string) (*Journal, error) {
	file, err := os.Create(name)
	if err != nil {
		return nil, err
	}
	return &Journal{name: name, file: file, out: bufio.NewWriterSize(file, 64<<10)}, nil
}

func (j *Journal) Enter(text, seal string) error {
	if j.size > journalSize {
		if err := j.turn(); err != nil {
			return err
		}
	}
	n, err := fmt.Fprintf(j.out, "%sseal %s\n\n", text, seal)
	j.size += n
	return err
}

func (j *Journal) turn() error {
	if err := j.out.Flush(); err != nil {
		return err
	}
	j.file.Close()
	if err := os.Rename(j.name, j.name+".old"); err != nil {
		return err
	}
	next, err := OpenJournal(j.name)
	if err == nil {
		*j = *next
	}
	return err
}

type Accounts struct {
	mu    sync.Mutex
	kilos map[int]int
}

func (a *Accounts) Credit(t Ticket) {
	a.mu.Lock()
	a.kilos[t.Farm] += t.Net()
	a.mu.Unlock()
}

func (a *Accounts) Largest(n int) []int {
	a.mu.Lock()
	defer a.mu.Unlock()
	farms := make([]int, 0, len(a.kilos))
	for farm := range a.kilos {
		farms = append(farms, farm)
	}
	sort.Slice(farms, func(i, k int) bool { return a.kilos[farms[i]] > a.kilos[farms[k]] })
	if len(farms) > n {
		farms = farms[:n]
	}
	return farms
}

// weigh hands over the wagons of one bridge as they roll over it.
func weigh(bridge int, tickets chan<- Ticket) {
	source := rand.New(rand.NewSource(int64(bridge)))
	rolls := time.NewTicker(pace)
	for number := 1; ; number++ {
		at := <-rolls.C
		tare := 7000 + source.Intn(4000)
		tickets <- Ticket{bridge, number, source.Intn(farms), crops[source.Intn(len(crops))],
			tare + source.Intn(28000), tare, 11 + 11.5*source.Float64(), at}
	}
}

func main() {
	journal, err := OpenJournal("journal.txt")
	if err != nil {
		panic(err)
	}
	sealer := Sealer{key: "elevator 7, season 2031\n"}
	accounts := &Accounts{kilos: map[int]int{}}
	tickets := make(chan Ticket, 64)
	for bridge := 1; bridge <= bridges; bridge++ {
		go weigh(bridge, tickets)
	}
	report := time.NewTicker(5 * time.Second)
	taken, refused := 0, 0
	fmt.Println("ready", os.Getpid())
	for {
		select {
		case ticket := <-tickets:
			if err := ticket.Check(); err != nil {
				refused++
				continue
			}
			text := ticket.Text()
			if err := journal.Enter(text, sealer.Seal(text)); err != nil {
				fmt.Fprintln(os.Stderr, err)
				continue
			}
			accounts.Credit(ticket)
			taken++
		case <-report.C:
			text := fmt.Sprintf("%d taken, %d refused, largest %v\n", taken, refused, accounts.Largest(5))
			_ = os.WriteFile("elevator.log", []byte(text), 0o644)
		}
	}
}
