// expect: pattern=gc-pressure bench
// Listens to the hydrophones of a whale observatory: each frame of a spectrogram is searched for peaks, peaks are linked to
// contours, and contours are compared with a catalogue of known calls of which all points are held in memory.
// Measured: a tick of 20 ms takes 6.4 ms of CPU time, the repaired twin 0.8 ms; 7 collections in 200 ticks, in which 43 % of
// the CPU time goes to marking (perf); the twin collects once, before it is ready.
package main

import (
	"fmt"
	"math"
	"math/rand"
	"os"
	"sort"
	"time"
)

const (
	bins       = 512
	buoys      = 12
	pointsEach = 48
	calls      = 40000
	frameEvery = 20 * time.Millisecond
	burst      = 12
)

// Point is one moment of a call: how high, how loud.
type Point struct {
	Hertz, Decibel float32
	Next           *Point
}

// Call is a call of the catalogue.
type Call struct {
	Species string
	First   *Point
	Mean    float32
}

// Peak is a local maximum of one frame.
type Peak struct {
	Buoy  *Buoy
	Bin   int
	Level float64
	Label string
	Left  *Peak
}

// Buoy is a hydrophone with what it heard lately.
type Buoy struct {
	Name  string
	noise *rand.Rand
	frame []float64
	open  []*Peak
	heard map[string]int
}

func loadCatalogue() []*Call {
	species := []string{"humpback", "minke", "fin", "blue", "sei", "bowhead"}
	draw := rand.New(rand.NewSource(52))
	catalogue := make([]*Call, 0, calls)
	for n := 0; n < calls; n++ {
		call := &Call{Species: species[n%len(species)]}
		base := 20 + draw.Float64()*400
		var sum float64
		for p := 0; p < pointsEach; p++ {
			hertz := base * (1 + 0.2*math.Sin(float64(p)/9+base))
			call.First = &Point{Hertz: float32(hertz), Decibel: float32(90 - p), Next: call.First}
			sum += hertz
		}
		call.Mean = float32(sum / pointsEach)
		catalogue = append(catalogue, call)
	}
	sort.Slice(catalogue, func(a, b int) bool { return catalogue[a].Mean < catalogue[b].Mean })
	return catalogue
}

// listen fills the next frame: noise, and a sweep that moves.
func (b *Buoy) listen(tick int) {
	for i := range b.frame {
		b.frame[i] = b.noise.Float64()
	}
	at := (tick*3 + len(b.Name)) % (bins - 4)
	for i := 0; i < 4; i++ {
		b.frame[at+i] += 3
	}
}

func (b *Buoy) peaks() []*Peak {
	var found []*Peak
	var left *Peak
	for i := 1; i < bins-1; i++ {
		level := b.frame[i]
		if level > b.frame[i-1] && level >= b.frame[i+1] {
			left = &Peak{Buoy: b, Bin: i, Level: level, Left: left} // <- cost
			found = append(found, left)
		}
	}
	return found
}

// link tells which peaks go on from the last frame.
func (b *Buoy) link(found []*Peak) int {
	linked, at := 0, 0
	for _, peak := range found {
		for at < len(b.open) && b.open[at].Bin < peak.Bin-1 {
			at++
		}
		if at < len(b.open) && b.open[at].Bin <= peak.Bin+1 {
			linked++
		}
	}
	b.open = found
	return linked
}

func loudest(found []*Peak) *Peak {
	var best *Peak
	for _, peak := range found {
		if best == nil || peak.Level > best.Level {
			best = peak
		}
	}
	return best
}

func distance(call *Call, hertz float64) float64 {
	sum := 0.0
	for p := call.First; p != nil; p = p.Next {
		d := float64(p.Hertz) - hertz
		sum += d * d
	}
	return sum
}

// identify compares with the calls of about the same height.
func identify(catalogue []*Call, hertz float64) string {
	at := sort.Search(len(catalogue), func(i int) bool { return float64(catalogue[i].Mean) >= hertz })
	best, species := math.MaxFloat64, "unknown"
	for i := at - 4; i < at+4; i++ {
		if i >= 0 && i < len(catalogue) {
			if d := distance(catalogue[i], hertz); d < best {
				best, species = d, catalogue[i].Species
			}
		}
	}
	return species
}

func watch(catalogue []*Call, array []*Buoy) {
	next := time.Now()
	for tick := 0; ; tick++ {
		for _, buoy := range array {
			for n := 0; n < burst; n++ {
				buoy.listen(tick*burst + n)
				found := buoy.peaks()
				if buoy.link(found) == 0 || len(found) == 0 {
					continue
				}
				buoy.heard[identify(catalogue, float64(loudest(found).Bin))]++
			}
		}
		next = next.Add(frameEvery)
		if late := time.Since(next); late > time.Second {
			fmt.Fprintln(os.Stderr, "behind by", late)
			next = time.Now()
		}
		time.Sleep(time.Until(next))
	}
}

func main() {
	catalogue := loadCatalogue()
	array := make([]*Buoy, buoys)
	for n := range array {
		array[n] = &Buoy{
			Name:  fmt.Sprintf("buoy-%d", n),
			noise: rand.New(rand.NewSource(int64(n))),
			frame: make([]float64, bins),
			heard: map[string]int{},
		}
	}
	fmt.Println("ready", os.Getpid())
	watch(catalogue, array)
}
