// expect: healthy bench
// Talks to gliders under water through one acoustic modem: eight pilots want positions and set depths, but only
// one may call at a time, and an answer takes the sound's way there and back. The pilots' turns are kept by a lock
// around the modem: it guards one half-duplex channel, which is busy for about half of the time, and nothing else
// is done while it is held.
//
// Measured: 16 calls a second, 50 ms each, the channel busy for 53 %; CPU less than 0.01 cores.
package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"log"
	"math"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	gliders  = 8
	period   = 500 * time.Millisecond
	frameLen = 20
)

type Call struct {
	Glider uint16
	Kind   uint16
	Value  float32
}

type Answer struct {
	Glider   uint16
	Depth    float32
	Lat, Lon float32
}

func seal(frame []byte) {
	binary.LittleEndian.PutUint32(frame[frameLen-4:], crc32.ChecksumIEEE(frame[:frameLen-4]))
}

func sealed(frame []byte) bool {
	return binary.LittleEndian.Uint32(frame[frameLen-4:]) == crc32.ChecksumIEEE(frame[:frameLen-4])
}

func putFloat(to []byte, v float32) { binary.LittleEndian.PutUint32(to, math.Float32bits(v)) }
func getFloat(from []byte) float32  { return math.Float32frombits(binary.LittleEndian.Uint32(from)) }

func (c Call) encode(frame *[frameLen]byte) {
	binary.LittleEndian.PutUint16(frame[0:], c.Glider)
	binary.LittleEndian.PutUint16(frame[2:], c.Kind)
	putFloat(frame[4:], c.Value)
	seal(frame[:])
}

func decode(frame *[frameLen]byte) (Answer, error) {
	if !sealed(frame[:]) {
		return Answer{}, errors.New("the answer is garbled")
	}
	return Answer{
		Glider: binary.LittleEndian.Uint16(frame[0:]),
		Depth:  getFloat(frame[4:]), Lat: getFloat(frame[8:]), Lon: getFloat(frame[12:]),
	}, nil
}

// Modem is the one channel: a call must be answered before the next may be sent.
type Modem struct {
	turn sync.Mutex
	out  io.Writer
	in   *bufio.Reader
	busy int64
}

func (m *Modem) exchange(frame *[frameLen]byte) error {
	m.turn.Lock()
	defer m.turn.Unlock()
	began := time.Now()
	if _, err := m.out.Write(frame[:]); err != nil {
		return err
	}
	_, err := io.ReadFull(m.in, frame[:])
	atomic.AddInt64(&m.busy, int64(time.Since(began)))
	return err
}

func (m *Modem) Ask(call Call) (Answer, error) {
	var frame [frameLen]byte
	call.encode(&frame)
	if err := m.exchange(&frame); err != nil {
		return Answer{}, err
	}
	return decode(&frame)
}

// Pilot steers one glider along its line, and up and down.
type Pilot struct {
	glider uint16
	modem  *Modem
	track  []Answer
	asked  *int64
	spent  *int64
}

const trackLen = 256

func (p *Pilot) steer(turn int) error {
	began := time.Now()
	wanted := 60 + 50*float32(math.Sin(float64(turn)/20+float64(p.glider)))
	answer, err := p.modem.Ask(Call{Glider: p.glider, Kind: uint16(turn % 2), Value: wanted})
	if err != nil {
		return err
	}
	if answer.Glider != p.glider {
		return errors.New("another glider has answered")
	}
	if len(p.track) == trackLen {
		copy(p.track, p.track[trackLen/2:])
		p.track = p.track[:trackLen/2]
	}
	p.track = append(p.track, answer)
	atomic.AddInt64(p.asked, 1)
	atomic.AddInt64(p.spent, int64(time.Since(began)))
	return nil
}

func (p *Pilot) run() {
	time.Sleep(time.Duration(p.glider/2) * period / (gliders / 2)) // two pilots at a time
	turn := 0
	for range time.Tick(period) {
		if err := p.steer(turn); err != nil {
			log.Fatal(err)
		}
		turn++
	}
}

// sea is the other side: the modem with the gliders far away, in a process of its own.
func sea() {
	var frame [frameLen]byte
	var depths [gliders]float32
	in := bufio.NewReader(os.Stdin)
	for {
		if _, err := io.ReadFull(in, frame[:]); err != nil {
			return
		}
		glider := binary.LittleEndian.Uint16(frame[0:]) % gliders
		time.Sleep(25*time.Millisecond + time.Duration(glider)*2*time.Millisecond)
		depths[glider] += (getFloat(frame[4:]) - depths[glider]) / 8
		putFloat(frame[4:], depths[glider])
		putFloat(frame[8:], 54.1+float32(glider)/50)
		putFloat(frame[12:], 7.9+depths[glider]/1e4)
		seal(frame[:])
		if _, err := os.Stdout.Write(frame[:]); err != nil {
			return
		}
	}
}

func main() {
	if len(os.Args) == 2 && os.Args[1] == "sea" {
		sea()
		return
	}
	device := exec.Command("/proc/self/exe", "sea")
	device.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	device.Stderr = os.Stderr
	out, err := device.StdinPipe()
	if err != nil {
		log.Fatal(err)
	}
	in, err := device.StdoutPipe()
	if err != nil {
		log.Fatal(err)
	}
	if err := device.Start(); err != nil {
		log.Fatal(err)
	}
	modem := &Modem{out: out, in: bufio.NewReader(in)}
	var asked, spent int64
	for g := uint16(0); g < gliders; g++ {
		pilot := &Pilot{glider: g, modem: modem, track: make([]Answer, 0, trackLen), asked: &asked, spent: &spent}
		go pilot.run()
	}
	fmt.Printf("ready %d\n", os.Getpid())
	for range time.Tick(2 * time.Second) {
		n, waited := atomic.SwapInt64(&asked, 0), float64(atomic.SwapInt64(&spent, 0))
		busy := float64(atomic.SwapInt64(&modem.busy, 0))
		each := waited / 1e6 / math.Max(1, float64(n))
		log.Printf("%d calls, %.1f ms each; the channel was busy for %.0f %%", n, each, busy/2e7)
	}
}
