// expect: pattern=memory-growth bench
// The head-end of a water utility's meters: concentrators on the roofs send the frames of the meters around them. Each
// frame is checked, its hourly readings are drawn into the meter's profile, and the last frames of a meter are kept for
// those at the counter who are asked why a bill is so high.
// Measured: memory grows by 4 MB a second (8,000 frames); the twin stays at 22 MB.
package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"log"
	"math/rand"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

const (
	meters, hours, kept = 3000, 24, 6
	headLength          = 12
	concentrators       = 4
	framesInBurst       = 80
	beat                = 10 * time.Millisecond
)

var errChecksum = errors.New("checksum")

// Frame is a meter's day: its reading at each hour, in litres, with what was received.
type Frame struct {
	Meter, Sequence uint32
	Battery         uint16
	Readings        [hours]uint64
	Raw             []byte
}

// Meter is what is known of a meter.
type Meter struct {
	last    uint64
	profile [hours]float64
	frames  []*Frame
	leaking bool
}

// Concentrator sends frames of its meters; a few are broken.
type Concentrator struct {
	first, count uint32
	dice         *rand.Rand
	sequence     []uint32
	totals       []uint64
}

func newConcentrator(first, count uint32) *Concentrator {
	dice := rand.New(rand.NewSource(int64(first)))
	return &Concentrator{first, count, dice, make([]uint32, count), make([]uint64, count)}
}

func (concentrator *Concentrator) next(at uint32) []byte {
	raw := make([]byte, headLength+8*hours+4)              // <- cost
	binary.BigEndian.PutUint32(raw, concentrator.first+at) // <- cost
	binary.BigEndian.PutUint32(raw[4:], concentrator.sequence[at])
	binary.BigEndian.PutUint16(raw[8:], uint16(3000+concentrator.dice.Intn(600)))
	concentrator.sequence[at]++
	for hour := 0; hour < hours; hour++ {
		concentrator.totals[at] += uint64(concentrator.dice.Intn(40))
		binary.BigEndian.PutUint64(raw[headLength+8*hour:], concentrator.totals[at])
	}
	sum := crc32.ChecksumIEEE(raw[:len(raw)-4])
	if concentrator.dice.Intn(2000) == 0 {
		sum++
	}
	binary.BigEndian.PutUint32(raw[len(raw)-4:], sum)
	return raw
}

// send sends the frames of its meters in turn.
func (concentrator *Concentrator) send(to chan<- [][]byte, done <-chan struct{}) {
	ticks := time.NewTicker(concentrators * beat)
	defer ticks.Stop()
	for at := uint32(0); ; {
		burst := make([][]byte, 0, framesInBurst)
		for len(burst) < framesInBurst {
			burst = append(burst, concentrator.next(at))
			at = (at + 1) % concentrator.count
		}
		select {
		case to <- burst:
		case <-done:
			return
		}
		<-ticks.C
	}
}

func parse(raw []byte) (*Frame, error) {
	end := len(raw) - 4
	if crc32.ChecksumIEEE(raw[:end]) != binary.BigEndian.Uint32(raw[end:]) {
		return nil, errChecksum
	}
	frame := &Frame{Meter: binary.BigEndian.Uint32(raw), Sequence: binary.BigEndian.Uint32(raw[4:]), Raw: raw} // <- cost
	frame.Battery = binary.BigEndian.Uint16(raw[8:])
	for hour := range frame.Readings {
		frame.Readings[hour] = binary.BigEndian.Uint64(raw[headLength+8*hour:]) // <- cost
	}
	return frame, nil
}

// HeadEnd holds the meters.
type HeadEnd struct {
	sync.Mutex
	meters           []Meter
	frames, rejected int
	leaking          int
}

// keep puts a frame to the meter's last ones.
func (meter *Meter) keep(frame *Frame) {
	meter.frames = append(meter.frames, frame) // <- cost
}

// recent gives the frames for the counter, the newest last.
func (meter *Meter) recent() []*Frame {
	if len(meter.frames) > kept {
		return meter.frames[len(meter.frames)-kept:]
	}
	return meter.frames
}

// draw puts a day's use into the profile; a meter that never stands still leaks.
func (meter *Meter) draw(frame *Frame) {
	before, least := meter.last, uint64(1<<62)
	for hour, reading := range frame.Readings {
		used := reading - before
		if used < least {
			least = used
		}
		meter.profile[hour] += 0.1 * (float64(used) - meter.profile[hour])
		before = reading
	}
	meter.last, meter.leaking = before, least > 2
}

func (headEnd *HeadEnd) take(burst [][]byte) {
	headEnd.Lock()
	defer headEnd.Unlock()
	for _, raw := range burst {
		frame, err := parse(raw) // <- cost
		if err != nil {
			headEnd.rejected++
			continue
		}
		meter := &headEnd.meters[frame.Meter]
		meter.draw(frame)
		meter.keep(frame) // <- cost
		headEnd.frames++
	}
}

// counter tells how much of the last frames' use was by night, for one meter.
func (headEnd *HeadEnd) counter(number int) float64 {
	headEnd.Lock()
	defer headEnd.Unlock()
	var night, all uint64
	for _, frame := range headEnd.meters[number].recent() {
		night += frame.Readings[5] - frame.Readings[0]
		all += frame.Readings[hours-1] - frame.Readings[0]
	}
	if all == 0 {
		return 0
	}
	return float64(night) / float64(all)
}

func main() {
	folder, err := os.MkdirTemp("", "headend")
	if err != nil {
		log.Fatal(err)
	}
	headEnd := &HeadEnd{meters: make([]Meter, meters)}
	bursts, done := make(chan [][]byte, 16), make(chan struct{})
	senders := make([]*Concentrator, concentrators)
	for number := range senders {
		senders[number] = newConcentrator(uint32(number*meters/concentrators), meters/concentrators)
		for day := 0; day < 6*kept; day++ { // what came since the start
			for at := uint32(0); at < meters/concentrators; at++ {
				headEnd.take([][]byte{senders[number].next(at)})
			}
		}
		go senders[number].send(bursts, done)
	}
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGTERM, syscall.SIGINT)
	asked, shown := time.NewTicker(50*time.Millisecond), time.NewTicker(2*time.Second)
	night, settled := 0.0, time.After(4*time.Second)
	for {
		select {
		case burst := <-bursts:
			headEnd.take(burst) // <- cost
		case <-asked.C:
			night = headEnd.counter(rand.Intn(meters))
		case <-shown.C:
			state := fmt.Sprintf("{\"frames\": %d, \"rejected\": %d, \"night\": %.3f}\n", headEnd.frames, headEnd.rejected, night)
			if err := os.WriteFile(filepath.Join(folder, "state.json"), []byte(state), 0o644); err != nil {
				log.Print(err)
			}
		case <-settled:
			fmt.Println("ready", os.Getpid())
		case <-ended:
			close(done)
			os.RemoveAll(folder)
			return
		}
	}
}
