// expect: pattern=hot-loop bench
// Geophones around a quarry send the arrivals of shocks that they pick out of the noise; this service puts together
// those of several stations that may come from one blast, and keeps the picks of the last half minute for it.
// Measured: 3500 picks a second take 55 % of a core, 0.16 ms each, with 87500 to 96000 picks kept.
package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand"
	"net"
	"os"
	"os/exec"
	"sync"
	"time"
)

const (
	stations   = 64
	perSecond  = 3500
	keep       = 25 * time.Second
	velocity   = 3200.0 // metres a second
	needed     = 5
	recordSize = 16
)

// Pick is one arrival at one station.
type Pick struct {
	Station   int32
	Amplitude float32
	At        time.Duration // since the start of the network
}

// Network knows where the stations are.
type Network struct {
	x, y   [stations]float64
	travel [stations][stations]time.Duration
	widest time.Duration
}

func newNetwork(seed int64) *Network {
	rnd := rand.New(rand.NewSource(seed))
	n := &Network{}
	for i := range n.x {
		n.x[i], n.y[i] = rnd.Float64()*40, rnd.Float64()*40
	}
	for i := range n.x {
		for j := range n.x {
			metres := math.Hypot(n.x[i]-n.x[j], n.y[i]-n.y[j])
			n.travel[i][j] = time.Duration(metres / velocity * float64(time.Second))
			if n.travel[i][j] > n.widest {
				n.widest = n.travel[i][j]
			}
		}
	}
	return n
}

// Blast is what several stations have heard.
type Blast struct {
	At       time.Duration
	Stations int
	Strength float64
}

// Associator finds picks that belong together. They come in the order of their time.
type Associator struct {
	network *Network
	recent  []Pick
	near    []Pick
	last    time.Duration
	mu      sync.Mutex
	blasts  []Blast
	seen    int64
}

// companions returns the recent picks that a wave could have reached within the travel time to that of p.
func (a *Associator) companions(p Pick) []Pick {
	a.near = a.near[:0]
	for i := range a.recent { // <- cost
		other := &a.recent[i]
		lag := p.At - other.At                                                               // <- cost
		if lag <= a.network.travel[p.Station][other.Station] && other.Station != p.Station { // <- cost
			a.near = append(a.near, *other)
		}
	}
	return a.near
}

// Add takes a pick and tells whether it completes a blast.
func (a *Associator) Add(p Pick) bool {
	a.expire(p.At)
	near := a.companions(p)
	a.recent = append(a.recent, p)
	var heard uint64
	strength := float64(p.Amplitude)
	count := 1
	for _, other := range near {
		if heard&(1<<uint(other.Station)) == 0 {
			heard |= 1 << uint(other.Station)
			strength += float64(other.Amplitude)
			count++
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.seen++
	if count < needed || p.At-a.last < 2*a.network.widest {
		return false
	}
	a.last = p.At
	if len(a.blasts) == 500 {
		copy(a.blasts, a.blasts[1:])
		a.blasts = a.blasts[:499]
	}
	a.blasts = append(a.blasts, Blast{At: p.At, Stations: count, Strength: strength})
	return true
}

// expire drops what is too old, now and then.
func (a *Associator) expire(now time.Duration) {
	if len(a.recent) == 0 || now-a.recent[0].At < keep+keep/10 {
		return
	}
	first := 0
	for first < len(a.recent) && now-a.recent[first].At > keep {
		first++
	}
	kept := copy(a.recent, a.recent[first:])
	a.recent = a.recent[:kept]
}

// Report is written for the blasting foreman every ten seconds.
func (a *Associator) Report(path string) error {
	a.mu.Lock()
	lines := append([]Blast(nil), a.blasts...)
	seen := a.seen
	a.mu.Unlock()
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close()
	out := bufio.NewWriter(file)
	fmt.Fprintf(out, "%d picks, last %d blasts\n", seen, len(lines))
	for _, b := range lines {
		fmt.Fprintf(out, "%12.3f s  %2d stations  %8.2f\n", b.At.Seconds(), b.Stations, b.Strength)
	}
	return out.Flush()
}

func decode(record []byte) Pick {
	return Pick{
		Station:   int32(binary.LittleEndian.Uint32(record)),
		Amplitude: math.Float32frombits(binary.LittleEndian.Uint32(record[4:])),
		At:        time.Duration(binary.LittleEndian.Uint64(record[8:])),
	}
}

func receive(from net.Conn, a *Associator) error {
	in := bufio.NewReaderSize(from, 1<<16)
	var record [recordSize]byte
	var replayed uint32
	if err := binary.Read(in, binary.LittleEndian, &replayed); err != nil {
		return err
	}
	for {
		if _, err := io.ReadFull(in, record[:]); err != nil {
			return err
		}
		p := decode(record[:])
		if p.Station < 0 || p.Station >= stations {
			return errors.New("unknown station")
		}
		if replayed > 0 {
			replayed--
			a.recent = append(a.recent, p)
			continue
		}
		a.Add(p)
	}
}

// field plays the geophones: it replays the last half minute at once, then sends others as time goes on.
func field(address string) {
	to, err := net.Dial("tcp", address)
	if err != nil {
		return
	}
	rnd := rand.New(rand.NewSource(7))
	out := bufio.NewWriterSize(to, 1<<14)
	began := time.Now().Add(-keep)
	var sent int64
	binary.Write(out, binary.LittleEndian, uint32(perSecond*keep/time.Second))
	for {
		due := int64(time.Since(began).Seconds() * perSecond)
		for ; sent < due; sent++ {
			var record [recordSize]byte
			binary.LittleEndian.PutUint32(record[:], uint32(rnd.Intn(stations)))
			binary.LittleEndian.PutUint32(record[4:], math.Float32bits(rnd.Float32()*9))
			binary.LittleEndian.PutUint64(record[8:], uint64(sent*int64(time.Second)/perSecond))
			out.Write(record[:])
		}
		if out.Flush() != nil {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func main() {
	if len(os.Args) > 2 && os.Args[1] == "field" {
		field(os.Args[2])
		return
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	// a shell between us, so that the field is nobody's child
	shell := exec.Command("/bin/sh", "-c", `"$0" field "$1" </dev/null >/dev/null 2>&1 &`, os.Args[0], listener.Addr().String())
	if err := shell.Run(); err != nil {
		panic(err)
	}
	from, err := listener.Accept()
	if err != nil {
		panic(err)
	}
	associator := &Associator{network: newNetwork(3), recent: make([]Pick, 0, 100000)}
	go func() {
		time.Sleep(3 * time.Second)
		fmt.Println("ready")
		for range time.Tick(10 * time.Second) {
			associator.Report("blasts.txt")
		}
	}()
	if err := receive(from, associator); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
