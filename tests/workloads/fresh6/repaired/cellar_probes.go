// expect: healthy bench
// Collects what the probes in the tanks of a winery measure: radio gateways pass on their frames, some of them twice, and
// every frame is acknowledged; a frame that comes again within a second gets the receipt of the first.
// Measured: stays between 9 and 24 MB; the twin grows by 4.7 MB a second at 14000 frames a second, to 94 MB after 17 s.
package main

import (
	"fmt"
	"hash/crc32"
	"math"
	"math/rand"
	"os"
	"runtime"
	"strconv"
	"time"
)

const (
	gateways  = 6
	tanks     = 48
	perTick   = 12
	tick      = 5 * time.Millisecond
	window    = time.Second
	sweetness = 24.0 // degrees Brix of the must
)

type frame struct {
	gateway, tank int
	sequence      uint64
	celsius, brix float64
	reply         chan<- []byte
}

// frameID is the same when a frame comes again.
type frameID struct {
	gateway, tank int32
	sequence      uint64
}

func (f frame) id() frameID {
	return frameID{int32(f.gateway), int32(f.tank), f.sequence}
}

// receipt is what was said to a frame, and when.
type receipt struct {
	at   time.Time
	text []byte
}

// receipts knows the frames of the last second, and some of the second before it.
type receipts struct {
	given, older map[frameID]*receipt
	since        time.Time
}

func newReceipts() *receipts {
	return &receipts{given: make(map[frameID]*receipt), since: time.Now()}
}

func (r *receipts) find(id frameID, now time.Time) ([]byte, bool) {
	found, ok := r.given[id]
	if !ok {
		found, ok = r.older[id]
	}
	if !ok || now.Sub(found.at) > window {
		return nil, false
	}
	return found.text, true
}

func (r *receipts) give(id frameID, text []byte, now time.Time) {
	if now.Sub(r.since) > window {
		r.given, r.older, r.since = make(map[frameID]*receipt, len(r.given)), r.given, now
	}
	r.given[id] = &receipt{at: now, text: text}
}

// tank follows one fermentation.
type tank struct {
	celsius, brix float64
	frames        uint64
	hot           bool
}

func (t *tank) take(f frame) {
	if t.frames == 0 {
		t.celsius, t.brix = f.celsius, f.brix
	}
	t.celsius += (f.celsius - t.celsius) / 16
	t.brix += (f.brix - t.brix) / 16
	t.hot = t.celsius > 30 || (t.hot && t.celsius > 28)
	t.frames++
}

type cellar struct {
	tanks    [tanks]tank
	receipts *receipts
	again    uint64
}

func (c *cellar) accept(f frame, now time.Time) []byte {
	id := f.id()
	if text, ok := c.receipts.find(id, now); ok {
		c.again++
		return text
	}
	c.tanks[f.tank].take(f)
	text := c.acknowledge(f, now)
	c.receipts.give(id, text, now)
	return text
}

// acknowledge tells the probe how it goes, and when to measure again.
func (c *cellar) acknowledge(f frame, now time.Time) []byte {
	t := &c.tanks[f.tank]
	pause := 60
	if t.hot {
		pause = 10
	}
	text := make([]byte, 0, 256)
	text = append(text, "ACK "...)
	text = strconv.AppendUint(text, f.sequence, 10)
	text = append(text, " celsius="...)
	text = strconv.AppendFloat(text, t.celsius, 'f', 2, 64)
	text = append(text, " brix="...)
	text = strconv.AppendFloat(text, t.brix, 'f', 2, 64)
	text = append(text, " pause="...)
	text = strconv.AppendInt(text, int64(pause), 10)
	text = append(text, " at="...)
	text = now.AppendFormat(text, time.RFC3339)
	text = append(text, " gateway="...)
	text = strconv.AppendInt(text, int64(f.gateway), 10)
	text = append(text, " tank="...)
	text = strconv.AppendInt(text, int64(f.tank), 10)
	text = append(text, " sum="...)
	return strconv.AppendUint(text, uint64(crc32.ChecksumIEEE(text)), 16)
}

// listen passes on what one gateway hears; every twelfth frame is heard twice.
func listen(gateway int, frames chan<- frame) {
	chance := rand.New(rand.NewSource(int64(gateway)))
	replies := make(chan []byte, 2*perTick)
	var sequence uint64
	for range time.Tick(tick) {
		asked := 0
		for n := 0; n < perTick; n++ {
			sequence++
			age := math.Mod(float64(sequence)/4000, 14)
			f := frame{gateway, chance.Intn(tanks), sequence, 22 + age/2 + chance.NormFloat64(), sweetness * math.Exp(-age/5), replies}
			frames <- f
			asked++
			if sequence%12 == 0 {
				frames <- f
				asked++
			}
		}
		for ; asked > 0; asked-- {
			<-replies
		}
	}
}

func report(log *os.File, c *cellar) {
	var taken uint64
	hot := 0
	for n := range c.tanks {
		taken += c.tanks[n].frames
		if c.tanks[n].hot {
			hot++
		}
	}
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	fmt.Fprintf(log, "%d frames, %d heard again, %d tanks hot, heap %d MB\n", taken, c.again, hot, memory.HeapAlloc>>20)
}

func main() {
	log, err := os.Create("cellar.log")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	c := &cellar{receipts: newReceipts()}
	frames := make(chan frame, 64)
	for n := 0; n < gateways; n++ {
		go listen(n, frames)
	}
	reports := time.NewTicker(2 * time.Second)
	ready := time.After(5 * window)
	for {
		select {
		case f := <-frames:
			f.reply <- c.accept(f, time.Now())
		case <-reports.C:
			report(log, c)
		case <-ready:
			fmt.Println("ready", os.Getpid())
		}
	}
}
