// expect: healthy bench
// Decides at the return desks of a city's libraries what happens to each volume that comes back: it goes to the shelf
// for holds of the reader who has waited longest for the work, to the branch it belongs to, or back into the stacks.
// Measured: a volume takes 1.5 µs; in the problem 130 µs.
package main

import (
	"fmt"
	"log"
	"math/rand"
	"os"
	"sync"
	"time"
)

const (
	branches  = 14
	works     = 60000
	holdsKept = 24000
	perTurn   = 20
)

// Hold is the wish of a reader for a work, to be fetched at a branch.
type Hold struct {
	Work   string
	Reader int
	Branch int
	Since  time.Time
	Asleep bool // the reader is away and wants nothing at present
}

// Volume is one copy of a work.
type Volume struct {
	Barcode int
	Work    string
	Home    int
}

// Decision says where a volume goes.
type Decision struct {
	Kind   string
	Branch int
	Reader int
}

// Holds are the wishes of all readers, by work, the oldest first.
type Holds struct {
	waiting map[string][]*Hold
	count   int
}

// Add puts a hold at the end of the line.
func (holds *Holds) Add(hold *Hold) {
	holds.waiting[hold.Work] = append(holds.waiting[hold.Work], hold)
	holds.count++
}

// Next takes the oldest hold for a work out of the line, or gives nil.
func (holds *Holds) Next(work string) *Hold {
	own := holds.waiting[work]
	for at, hold := range own {
		if hold.Asleep {
			continue
		}
		if len(own) == 1 {
			delete(holds.waiting, work)
		} else {
			holds.waiting[work] = append(own[:at], own[at+1:]...)
		}
		holds.count--
		return hold
	}
	return nil
}

// Count is how many wait.
func (holds *Holds) Count() int { return holds.count }

// Desk takes volumes back.
type Desk struct {
	mutex   sync.Mutex
	holds   Holds
	volumes []Volume
	counts  map[string]int
	transit [branches]int
	spent   time.Duration
	taken   int
	dice    *rand.Rand
}

func title(number int) string { return fmt.Sprintf("urn:work:%08d", number) }

func newDesk(seed int64) *Desk {
	desk := &Desk{counts: map[string]int{}, dice: rand.New(rand.NewSource(seed))}
	desk.holds.waiting = map[string][]*Hold{}
	for barcode := 0; barcode < 2*works; barcode++ {
		desk.volumes = append(desk.volumes, Volume{barcode, title(desk.dice.Intn(works)), desk.dice.Intn(branches)})
	}
	for desk.holds.Count() < holdsKept {
		desk.holds.Add(desk.wish())
	}
	return desk
}

// wish is a new hold: readers want what is new, which has high numbers, more often than what is old.
func (desk *Desk) wish() *Hold {
	wanted := desk.dice.Intn(works)
	if other := desk.dice.Intn(works); other > wanted {
		wanted = other
	}
	return &Hold{
		Work:   title(wanted),
		Reader: desk.dice.Intn(90000),
		Branch: desk.dice.Intn(branches),
		Since:  time.Now(),
		Asleep: desk.dice.Intn(12) == 0,
	}
}

// Return decides about one volume.
func (desk *Desk) Return(volume Volume, at int) Decision {
	if hold := desk.holds.Next(volume.Work); hold != nil {
		if hold.Branch == at {
			return Decision{"hold shelf", at, hold.Reader}
		}
		return Decision{"to another branch", hold.Branch, hold.Reader}
	}
	if volume.Home != at {
		return Decision{"home", volume.Home, 0}
	}
	return Decision{"stacks", at, 0}
}

// turn takes in what lies on the belts, and the wishes that came meanwhile.
func (desk *Desk) turn() {
	desk.mutex.Lock()
	defer desk.mutex.Unlock()
	began := time.Now()
	for count := 0; count < perTurn; count++ {
		at := desk.dice.Intn(branches)
		decision := desk.Return(desk.volumes[desk.dice.Intn(len(desk.volumes))], at)
		desk.counts[decision.Kind]++
		if decision.Branch != at {
			desk.transit[decision.Branch]++
		}
	}
	desk.taken += perTurn
	desk.spent += time.Since(began)
	for desk.holds.Count() < holdsKept {
		desk.holds.Add(desk.wish())
	}
}

// report tells how the desks fare.
func (desk *Desk) report() {
	desk.mutex.Lock()
	defer desk.mutex.Unlock()
	each := float64(desk.spent.Microseconds()) / float64(desk.taken)
	busiest := 0
	for branch, count := range desk.transit {
		if count > desk.transit[busiest] {
			busiest = branch
		}
	}
	log.Printf("%d volumes, %.2f µs each, %v, most to branch %d", desk.taken, each, desk.counts, busiest)
}

func main() {
	log.SetFlags(log.Lmicroseconds)
	desk := newDesk(1850)
	fmt.Println("ready", os.Getpid())
	go func() {
		for range time.Tick(5 * time.Second) {
			desk.report()
		}
	}()
	for range time.Tick(8 * time.Millisecond) {
		desk.turn()
	}
}
