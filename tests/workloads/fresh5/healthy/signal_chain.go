// expect: healthy bench
// Carries the sound of a radio station through pipes: one end makes the stream as a codec would, the middle unpacks,
// levels and packs it, the last one counts and keeps the last seconds. Blocks of 64 KB, buffers that are used again.
package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/adler32"
	"io"
	"math"
	"os"
	"sync/atomic"
	"time"
)

const (
	block   = 1 << 16
	pace    = 400 // blocks a second: a few hundred times real time, for the archive
	archive = 64
)

// frame is a header before each block of samples.
type frame struct {
	number uint32
	sum    uint32
	size   uint32
}

var errTorn = errors.New("the stream is torn")

func (f frame) write(to io.Writer, head []byte, body []byte) error {
	head = binary.BigEndian.AppendUint32(head[:0], f.number)
	head = binary.BigEndian.AppendUint32(head, f.sum)
	head = binary.BigEndian.AppendUint32(head, f.size)
	if _, err := to.Write(head); err != nil {
		return err
	}
	_, err := to.Write(body)
	return err
}

func read(from io.Reader, head, body []byte) (frame, []byte, error) {
	if _, err := io.ReadFull(from, head); err != nil {
		return frame{}, nil, err
	}
	f := frame{binary.BigEndian.Uint32(head), binary.BigEndian.Uint32(head[4:]), binary.BigEndian.Uint32(head[8:])}
	if f.size > block {
		return f, nil, errTorn
	}
	body = body[:f.size]
	if _, err := io.ReadFull(from, body); err != nil {
		return f, nil, err
	}
	if adler32.Checksum(body) != f.sum {
		return f, nil, errTorn
	}
	return f, body, nil
}

// studio makes the stream: four programmes, prepared once, in turn.
func studio(to io.Writer) error {
	programmes := make([][]byte, 4)
	for p := range programmes {
		programmes[p] = make([]byte, block)
		for i := 0; i < block; i += 2 {
			sample := 9000 * math.Sin(float64(i)*0.011*float64(p+1)) * math.Sin(float64(i)*0.00013)
			binary.LittleEndian.PutUint16(programmes[p][i:], uint16(int16(sample)))
		}
	}
	head := make([]byte, 0, 12)
	ticks := time.NewTicker(10 * time.Millisecond)
	for number := uint32(0); ; {
		<-ticks.C
		for last := number + pace/100; number < last; number++ {
			body := programmes[number/50%4]
			if err := (frame{number, adler32.Checksum(body), block}).write(to, head, body); err != nil {
				return err
			}
		}
	}
}

// leveller brings quiet parts up, and loud ones down.
type leveller struct{ gain, loud float64 }

func (l *leveller) level(body []byte) {
	const step = 256
	for from := 0; from < len(body); from += step {
		sum := 0.0
		for i := from; i < from+step; i += 2 {
			sample := float64(int16(binary.LittleEndian.Uint16(body[i:])))
			sum += sample * sample
		}
		l.loud += 0.1 * (math.Sqrt(sum/(step/2)) - l.loud)
		wanted := math.Min(4, 6000/math.Max(l.loud, 500))
		l.gain += 0.05 * (wanted - l.gain)
		for i := from; i < from+step; i += 2 {
			sample := l.gain * float64(int16(binary.LittleEndian.Uint16(body[i:])))
			sample = math.Max(-32768, math.Min(32767, sample))
			binary.LittleEndian.PutUint16(body[i:], uint16(int16(sample)))
		}
	}
}

func chain(from io.Reader, to io.Writer) error {
	head, out, body := make([]byte, 12), make([]byte, 0, 12), make([]byte, block)
	level := leveller{gain: 1}
	for {
		f, samples, err := read(from, head, body)
		if err != nil {
			return err
		}
		level.level(samples)
		f.sum = adler32.Checksum(samples)
		if err := f.write(to, out, samples); err != nil {
			return err
		}
	}
}

func keep(from io.Reader, carried *int64) error {
	file, err := os.Create("programme.raw")
	if err != nil {
		return err
	}
	defer file.Close()
	head, body := make([]byte, 12), make([]byte, block)
	for {
		f, samples, err := read(from, head, body)
		if err != nil {
			return err
		}
		if f.number%25 == 0 {
			if _, err := file.WriteAt(samples, int64(f.number/25%archive)*block); err != nil {
				return err
			}
		}
		atomic.AddInt64(carried, 1)
	}
}

func main() {
	rawOut, rawIn, err := os.Pipe()
	if err != nil {
		panic(err)
	}
	levelOut, levelIn, err := os.Pipe()
	if err != nil {
		panic(err)
	}
	log, err := os.Create("chain.log")
	if err != nil {
		panic(err)
	}
	var carried int64
	ended := make(chan error, 3)
	go func() { ended <- studio(rawIn) }()
	go func() { ended <- chain(rawOut, levelIn) }()
	go func() { ended <- keep(levelOut, &carried) }()
	fmt.Println("ready", os.Getpid())
	began := time.Now()
	for second := time.Tick(time.Second); ; {
		select {
		case err := <-ended:
			fmt.Fprintln(log, "ended:", err)
			os.Exit(1)
		case <-second:
			fmt.Fprintf(log, "%d %d blocks\n", time.Since(began).Milliseconds(), atomic.LoadInt64(&carried))
		}
	}
}
