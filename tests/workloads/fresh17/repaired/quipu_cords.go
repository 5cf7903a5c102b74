// expect: healthy bench
// Transcribes quipus, the knotted cord records of the Andes, for a museum: each quipu that is laid on the table is
// read cord by cord and knot by knot, and written out in the notation of the archive; four transcribers share the
// work, 5 quipus a second.
//
// Measured: 5 quipus a second (78 kB of text each); 3.28 s of CPU in 6 s, the twin 0.04 s.
package main

import (
	"fmt"
	"hash/crc32"
	"math/rand"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

type knotKind byte

const (
	single knotKind = iota
	long
	figureEight
)

var kindNames = [...]string{"S", "L", "E"}

type Knot struct {
	Kind  knotKind
	Turns int
	At    int // millimetres from the primary cord
}

type Cord struct {
	Colour      string
	Spin, Ply   byte
	Knots       []Knot
	Subsidiary  []*Cord
	Broken      bool
	LengthInCms int
}

type Quipu struct {
	Number     int
	Provenance string
	Pendants   []*Cord
}

// value reads a cord as a decimal number: clusters of single knots are the higher places, long knots are the units.
func (c *Cord) value() int {
	value, place := 0, 10
	for _, knot := range c.Knots {
		switch knot.Kind {
		case long:
			value += knot.Turns
		case figureEight:
			value++
		default:
			value += place
			if place < 10000 {
				place *= 10
			}
		}
	}
	return value
}

// Transcript is the text of one quipu while it is written.
type Transcript struct {
	text    strings.Builder
	clauses int
}

func (t *Transcript) clause(head, body string) {
	if t.clauses > 0 {
		t.text.WriteString("; ")
	}
	t.text.WriteString(head)
	t.text.WriteByte(' ')
	t.text.WriteString(body)
	t.clauses++
}

func (t *Transcript) String() string {
	return t.text.String()
}

func (t *Transcript) knot(knot Knot) {
	t.clause(kindNames[knot.Kind], fmt.Sprintf("%d@%d", knot.Turns, knot.At))
}

func (t *Transcript) cord(path string, cord *Cord) {
	state := "whole"
	if cord.Broken {
		state = "broken"
	}
	t.clause("cord "+path, fmt.Sprintf("%s %c/%c %dcm %s", cord.Colour, cord.Spin, cord.Ply, cord.LengthInCms, state))
	for _, knot := range cord.Knots {
		t.knot(knot)
	}
	t.clause("reads", fmt.Sprint(cord.value()))
	for i, below := range cord.Subsidiary {
		t.cord(fmt.Sprintf("%s.%d", path, i+1), below)
	}
}

func (t *Transcript) heading(quipu *Quipu) {
	t.clause("quipu", fmt.Sprintf("%06d from %s", quipu.Number, quipu.Provenance))
	t.clause("pendants", fmt.Sprint(len(quipu.Pendants)))
}

func transcribe(quipu *Quipu) string {
	transcript := &Transcript{}
	transcript.heading(quipu)
	for i, cord := range quipu.Pendants {
		transcript.cord(fmt.Sprint(i+1), cord)
	}
	return transcript.String()
}

// Archive keeps the newest transcripts' marks, so that a quipu that is read twice is noticed.
type Archive struct {
	sync.Mutex
	marks [256]uint32
	next  int
}

func (a *Archive) file(text string) bool {
	mark := crc32.ChecksumIEEE([]byte(text))
	a.Lock()
	defer a.Unlock()
	for _, known := range a.marks {
		if known == mark {
			return false
		}
	}
	a.marks[a.next%len(a.marks)] = mark
	a.next++
	return true
}

var colours = []string{"natural", "madder red", "indigo", "walnut brown", "ochre", "mottled"}
var finds = []string{"Puruchuco", "Laguna de los Condores", "Inkawasi", "Pachacamac"}

func layCord(dice *rand.Rand, depth int) *Cord {
	cord := &Cord{Colour: colours[dice.Intn(len(colours))], Spin: "SZ"[dice.Intn(2)], Ply: "SZ"[dice.Intn(2)],
		Broken: dice.Intn(12) == 0, LengthInCms: 20 + dice.Intn(40)}
	for at := 30; at < 30+18*(6+dice.Intn(6)); at += 18 {
		cord.Knots = append(cord.Knots, Knot{knotKind(dice.Intn(3)), 1 + dice.Intn(9), at})
	}
	if depth > 0 && dice.Intn(3) == 0 {
		cord.Subsidiary = append(cord.Subsidiary, layCord(dice, depth-1))
	}
	return cord
}

func layQuipu(dice *rand.Rand) *Quipu {
	quipu := &Quipu{Provenance: finds[dice.Intn(len(finds))]}
	for len(quipu.Pendants) < 480 {
		quipu.Pendants = append(quipu.Pendants, layCord(dice, 2))
	}
	return quipu
}

func main() {
	dice := rand.New(rand.NewSource(1532))
	var store []*Quipu
	for i := 0; i < 12; i++ {
		store = append(store, layQuipu(dice))
	}
	table := make(chan Quipu, 8)
	archive := &Archive{}
	var written, bytes int64
	for i := 0; i < 4; i++ {
		go func() {
			for quipu := range table {
				text := transcribe(&quipu)
				archive.file(text)
				atomic.AddInt64(&written, 1)
				atomic.AddInt64(&bytes, int64(len(text)))
			}
		}()
	}
	fmt.Printf("ready %d\n", os.Getpid())
	started := time.Now()
	number := 0
	for range time.Tick(200 * time.Millisecond) {
		number++
		next := *store[number%len(store)]
		next.Number = number
		table <- next
		if number%25 == 0 {
			line := fmt.Sprintf("%.0f s: %d quipus, %d bytes\n", time.Since(started).Seconds(),
				atomic.LoadInt64(&written), atomic.LoadInt64(&bytes))
			os.WriteFile("transcripts.txt", []byte(line), 0o644)
		}
	}
}
