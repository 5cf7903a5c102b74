// expect: healthy bench
// Packs the readings of the street lamps of a town: they are gathered for two seconds, then summed up, written as one
// compressed batch, and the oldest batch is removed. Between the batches it waits for the next readings.
package main

import (
	"bufio"
	"compress/gzip"
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"sync"
	"time"
)

const (
	lamps   = 4000
	kept    = 20
	every   = 2 * time.Second
	packers = 2
)

type reading struct {
	lamp  int
	at    int64
	watts float64
}

type batch struct {
	number   int
	readings []reading
}

type summary struct {
	low, middle, high float64
	dark              int
}

func summarise(readings []reading) summary {
	watts := make([]float64, 0, len(readings))
	dark := 0
	for _, one := range readings {
		watts = append(watts, one.watts)
		if one.watts < 1 {
			dark++
		}
	}
	sort.Float64s(watts)
	at := func(part float64) float64 { return watts[int(part*float64(len(watts)-1))] }
	return summary{at(0.05), at(0.5), at(0.95), dark}
}

// store writes batches into files, and keeps the latest of them.
type store struct {
	folder string
	mutex  sync.Mutex
	bytes  int64
	done   int
	last   summary
}

func (s *store) name(number int) string {
	return filepath.Join(s.folder, fmt.Sprintf("lamps-%06d.csv.gz", number))
}

func (s *store) write(one batch) (err error) {
	file, err := os.Create(s.name(one.number))
	if err != nil {
		return err
	}
	defer func() {
		if closed := file.Close(); err == nil {
			err = closed
		}
	}()
	packed := gzip.NewWriter(file)
	lines := bufio.NewWriterSize(packed, 1<<16)
	line := make([]byte, 0, 64)
	for _, r := range one.readings {
		line = strconv.AppendInt(line[:0], int64(r.lamp), 10)
		line = append(line, ',')
		line = strconv.AppendInt(line, r.at, 10)
		line = append(line, ',')
		line = strconv.AppendFloat(line, r.watts, 'f', 2, 64)
		lines.Write(append(line, '\n'))
	}
	if err := lines.Flush(); err != nil {
		return err
	}
	return packed.Close()
}

func (s *store) pack(batches <-chan batch, failed func(error)) {
	for one := range batches {
		sums := summarise(one.readings)
		if err := s.write(one); err != nil {
			failed(err)
			continue
		}
		if one.number >= kept {
			if err := os.Remove(s.name(one.number - kept)); err != nil {
				failed(err)
			}
		}
		s.mutex.Lock()
		s.done++
		s.last = sums
		if about, err := os.Stat(s.name(one.number)); err == nil {
			s.bytes += about.Size()
		}
		s.mutex.Unlock()
	}
}

func gather(number int, chance *rand.Rand) batch {
	readings := make([]reading, 0, lamps*20)
	now := time.Now().UnixNano()
	for n := 0; n < cap(readings); n++ {
		watts := 40 + 25*chance.Float64()
		if chance.Intn(200) == 0 {
			watts = 0
		}
		readings = append(readings, reading{n % lamps, now + int64(n)*1000, watts})
	}
	return batch{number, readings}
}

func main() {
	log, err := os.Create("lamps.log")
	if err != nil {
		panic(err)
	}
	s := &store{folder: "batches"}
	if err := os.MkdirAll(s.folder, 0o755); err != nil {
		panic(err)
	}
	batches := make(chan batch, packers)
	for n := 0; n < packers; n++ {
		go s.pack(batches, func(err error) { fmt.Fprintln(log, err) })
	}
	chance := rand.New(rand.NewSource(5))
	fmt.Println("ready", os.Getpid())
	began := time.Now()
	ticks := time.NewTicker(every)
	for number := 0; ; number += packers {
		for n := 0; n < packers; n++ {
			batches <- gather(number+n, chance)
		}
		<-ticks.C
		s.mutex.Lock()
		passed := time.Since(began).Milliseconds()
		fmt.Fprintf(log, "%d %d batches, %d bytes, %.1f watts, %d dark\n", passed, s.done, s.bytes, s.last.middle, s.last.dark)
		s.mutex.Unlock()
	}
}
