// expect: healthy bench
// Collects the readings of the tiltmeters around a volcano: each ring of instruments sends datagrams to a port of its own,
// a listener for each ring decodes them and hands them to the source model, which follows where the ground swells.
// Measured (this is the repaired twin):
// 381 microseconds of CPU for a reading, its twin 63 (2,600 waits a second end under load against 430).

package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log"
	"math"
	"math/rand"
	"net"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"
)

const (
	rings   = 8
	perRing = 5
)

// Reading is one sample of a tiltmeter, in microradians.
type Reading struct {
	Ring, Instrument int
	North, East      float64
}

var errShort = errors.New("datagram too short")

func decode(ring int, datagram []byte) (Reading, error) {
	if len(datagram) < 18 {
		return Reading{}, errShort
	}
	return Reading{
		Ring:       ring,
		Instrument: int(binary.BigEndian.Uint16(datagram)),
		North:      math.Float64frombits(binary.BigEndian.Uint64(datagram[2:])),
		East:       math.Float64frombits(binary.BigEndian.Uint64(datagram[10:])),
	}, nil
}

// RingListener receives what the instruments of one ring send.
type RingListener struct {
	ring    int
	conn    *net.UDPConn
	damaged int
}

func listen(ring int) (*RingListener, error) {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, fmt.Errorf("ring %d: %w", ring, err)
	}
	return &RingListener{ring: ring, conn: conn}, nil
}

// Run hands on readings until ctx is done.
func (l *RingListener) Run(ctx context.Context, out chan<- Reading) error {
	buffer := make([]byte, 512)
	go func() {
		<-ctx.Done()
		l.conn.Close()
	}()
	for {
		n, _, err := l.conn.ReadFromUDP(buffer)
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		reading, err := decode(l.ring, buffer[:n])
		if err != nil {
			l.damaged++
			continue
		}
		out <- reading
	}
}

// Model follows the point below which the ground swells, by the directions in which the tiltmeters lean.
type Model struct {
	last        [rings][perRing]Reading
	north, east float64
	taken       int
}

func place(ring, instrument int) (north, east float64) {
	angle := 2 * math.Pi * (float64(instrument)/perRing + float64(ring)/17)
	radius := 800 + 450*float64(ring)
	return radius * math.Cos(angle), radius * math.Sin(angle)
}

// Take adds a reading and moves the source a step towards what all of them say.
func (m *Model) Take(r Reading) {
	if r.Instrument >= perRing {
		return
	}
	m.last[r.Ring][r.Instrument] = r
	m.taken++
	var pullNorth, pullEast, weight float64
	for ring := range m.last {
		for instrument, seen := range m.last[ring] {
			lean := math.Hypot(seen.North, seen.East)
			if lean == 0 {
				continue
			}
			north, east := place(ring, instrument)
			distance := math.Hypot(north-m.north, east-m.east)
			pullNorth += lean * (north - distance*seen.North/lean)
			pullEast += lean * (east - distance*seen.East/lean)
			weight += lean
		}
	}
	if weight > 0 {
		m.north += 0.05 * (pullNorth/weight - m.north)
		m.east += 0.05 * (pullEast/weight - m.east)
	}
}

// instruments plays the instruments of one ring: each sends five readings a second.
func instruments(ctx context.Context, ring int, to net.Addr) {
	conn, err := net.Dial("udp4", to.String())
	if err != nil {
		log.Printf("instruments of ring %d: %v", ring, err)
		return
	}
	defer conn.Close()
	dice := rand.New(rand.NewSource(int64(ring)))
	ticker := time.NewTicker(200 * time.Millisecond / perRing)
	defer ticker.Stop()
	for number := 0; ; number++ {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		north, east := place(ring, number%perRing)
		distance := math.Hypot(north-120, east+300)
		datagram := binary.BigEndian.AppendUint16(nil, uint16(number%perRing))
		for _, lean := range []float64{(north - 120) / distance, (east + 300) / distance} {
			value := lean*40 + dice.NormFloat64()
			datagram = binary.BigEndian.AppendUint64(datagram, math.Float64bits(value))
		}
		if _, err := conn.Write(datagram); err != nil {
			log.Printf("ring %d: %v", ring, err)
		}
	}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	readings := make(chan Reading, 64)
	var listeners sync.WaitGroup
	for ring := 0; ring < rings; ring++ {
		listener, err := listen(ring)
		if err != nil {
			log.Fatal(err)
		}
		listeners.Add(1)
		go func(ring int) {
			defer listeners.Done()
			if err := listener.Run(ctx, readings); err != nil {
				log.Printf("ring %d: %v", ring, err)
			}
		}(ring)
		go instruments(ctx, ring, listener.conn.LocalAddr())
	}
	go func() {
		listeners.Wait()
		close(readings)
	}()
	fmt.Printf("ready %d\n", os.Getpid())
	var model Model
	for reading := range readings {
		model.Take(reading)
		if model.taken%5000 == 0 {
			log.Printf("%d readings, source at %.0f N %.0f E", model.taken, model.north, model.east)
		}
	}
}
