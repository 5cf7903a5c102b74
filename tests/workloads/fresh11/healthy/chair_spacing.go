// expect: healthy bench
// The supervisor of a ski resort's chairlifts: each lift tells where its chairs are; for each round of the rope the
// supervisor works out the sag and the forces at all towers, and slows a lift whose rope would hang too low. Two
// calculators, one for each core, take rounds from one queue; each lift waits for the answer before its next round.
// Measured: 3 ms of a core for a round, 75 rounds are due a second.
package main

import (
	"fmt"
	"math"
	"math/rand"
	"os"
	"path/filepath"
	"sync"
	"time"
)

const (
	lifts       = 9
	calculators = 2
	round       = 120 * time.Millisecond
	pieces      = 60 // of the rope, between two towers
	sweeps      = 700
)

// Tower is where the rope is held.
type Tower struct {
	metres, height float64
}

// Load is a chair on the rope and who sits on it.
type Load struct {
	metres, kilos float64
}

// Round is one look at a lift.
type Round struct {
	lift   *Lift
	loads  []Load
	answer chan Verdict
}

// Verdict is what the calculator says of a round.
type Verdict struct {
	lowest, force float64
	slow          bool
}

// Lift is one chairlift.
type Lift struct {
	name   string
	towers []Tower
	chairs []Load
	speed  float64
	chance *rand.Rand
}

func newLift(number int) *Lift {
	chance := rand.New(rand.NewSource(int64(number) + 5))
	lift := &Lift{name: fmt.Sprintf("lift %d", number), speed: 5, chance: chance}
	metres, height := 0.0, 1200.0
	for tower := 0; tower < 14; tower++ {
		lift.towers = append(lift.towers, Tower{metres, height})
		metres += 70 + 40*chance.Float64()
		height += 18 + 20*chance.Float64()
	}
	for at := 0.0; at < metres; at += 24 {
		lift.chairs = append(lift.chairs, Load{at, 180})
	}
	return lift
}

// move lets the rope run and people get on at the bottom.
func (l *Lift) move(seconds float64) {
	length := l.towers[len(l.towers)-1].metres
	for at := range l.chairs {
		chair := &l.chairs[at]
		chair.metres += l.speed * seconds
		if chair.metres >= length {
			chair.metres -= length
			chair.kilos = 180 + 78*float64(l.chance.Intn(7))
		}
	}
}

// watch is the life of a lift.
func (l *Lift) watch(rounds chan<- Round, book *Book) {
	answer := make(chan Verdict, 1)
	ticker := time.NewTicker(round)
	defer ticker.Stop()
	for range ticker.C {
		l.move(round.Seconds())
		began := time.Now()
		rounds <- Round{l, l.chairs, answer}
		verdict := <-answer
		l.speed = 5
		if verdict.slow {
			l.speed = 3.5
		}
		book.enter(l.name, verdict, time.Since(began))
	}
}

// Calculator has its own room for the pieces of a rope.
type Calculator struct {
	sag, weight [pieces]float64
}

// span settles the rope between two towers.
func (c *Calculator) span(from, to Tower, loads []Load) (lowest, force float64) {
	step := (to.metres - from.metres) / pieces
	for at := range c.sag {
		share := float64(at) / (pieces - 1)
		c.sag[at] = from.height + share*(to.height-from.height)
		c.weight[at] = 79 * step
	}
	for _, load := range loads {
		if at := int((load.metres - from.metres) / step); at >= 0 && at < pieces {
			c.weight[at] += load.kilos * 9.81
		}
	}
	const pull = 160000 // newtons
	for sweep := 0; sweep < sweeps; sweep++ {
		for at := 1; at < pieces-1; at++ {
			c.sag[at] = (c.sag[at-1]+c.sag[at+1])/2 - c.weight[at]*step/(2*pull)
		}
	}
	lowest = math.Inf(1)
	for at := 1; at < pieces-1; at++ {
		ground := from.height - 14 + float64(at)/(pieces-1)*(to.height-from.height)
		lowest = math.Min(lowest, c.sag[at]-ground)
		force = math.Max(force, pull*math.Hypot(1, (c.sag[at+1]-c.sag[at])/step))
	}
	return lowest, force
}

func (c *Calculator) run(rounds <-chan Round) {
	for asked := range rounds {
		verdict := Verdict{lowest: math.Inf(1)}
		towers := asked.lift.towers
		for at := 1; at < len(towers); at++ {
			lowest, force := c.span(towers[at-1], towers[at], asked.loads)
			verdict.lowest = math.Min(verdict.lowest, lowest)
			verdict.force = math.Max(verdict.force, force)
		}
		verdict.slow = verdict.lowest < 11.9
		asked.answer <- verdict
	}
}

// Book keeps what happened, by lift.
type Book struct {
	mutex  sync.Mutex
	rounds map[string]int
	slow   map[string]int
	spent  time.Duration
	count  int
}

func (b *Book) enter(lift string, verdict Verdict, took time.Duration) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.rounds[lift]++
	if verdict.slow {
		b.slow[lift]++
	}
	b.spent += took
	b.count++
}

func (b *Book) page() string {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	mean := b.spent / time.Duration(b.count+1)
	return fmt.Sprintf("%d rounds, %v each\n%v\nslow: %v\n", b.count, mean, b.rounds, b.slow)
}

func main() {
	folder, err := os.MkdirTemp("", "lifts-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	rounds := make(chan Round, lifts)
	book := &Book{rounds: map[string]int{}, slow: map[string]int{}}
	for number := 0; number < calculators; number++ {
		go new(Calculator).run(rounds)
	}
	for number := 1; number <= lifts; number++ {
		go newLift(number).watch(rounds, book)
	}
	fmt.Println("ready", os.Getpid())
	for range time.Tick(2 * time.Second) {
		if err := os.WriteFile(filepath.Join(folder, "lifts.txt"), []byte(book.page()), 0o644); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
}
