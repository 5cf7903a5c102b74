// expect: healthy bench
// Predicts tides for the pilots of an estuary: four times a second a burst of requests is put into a queue, two workers (as many
// as cores) sum the harmonic constituents for a day each, and a collector keeps the high waters of every berth.
// Measured: 52 ms of CPU time for a burst each 250 ms (20 bursts).
package main

import (
	"fmt"
	"math"
	"os"
	"sync"
	"time"
)

const (
	workers    = 2
	berths     = 90
	steps      = 24 * 60
	burstEvery = 250 * time.Millisecond
	burstSize  = 500
)

// Constituent is one harmonic of the tide.
type Constituent struct {
	Speed, Amplitude, Phase float64 // radians an hour, metres, radians
}

// Request asks for the day of a berth; Levels is filled in by a worker.
type Request struct {
	Berth  int
	Day    int
	Levels [steps]float32
}

// Berth keeps what was predicted last.
type Berth struct {
	Tides []Constituent
	High  float32
	At    int
	Days  int
}

// Board is read by the pilots' screens.
type Board struct {
	mutex  sync.RWMutex
	berths []Berth
}

func newBoard() *Board {
	board := &Board{berths: make([]Berth, berths)}
	for n := range board.berths {
		tides := make([]Constituent, 37)
		for i := range tides {
			tides[i] = Constituent{
				Speed:     0.5059 + float64(i)*0.031,
				Amplitude: 2.1 / float64(1+i*i),
				Phase:     math.Mod(float64(n*i)*0.7, 2*math.Pi),
			}
		}
		board.berths[n].Tides = tides
	}
	return board
}

// predict sums the constituents by turning a vector for each, rather than by a cosine for each step.
func predict(tides []Constituent, request *Request) {
	levels := request.Levels[:]
	for i := range levels {
		levels[i] = 0
	}
	for _, tide := range tides {
		angle := tide.Speed*24*float64(request.Day) + tide.Phase
		x, y := tide.Amplitude*math.Cos(angle), tide.Amplitude*math.Sin(angle)
		turnX, turnY := math.Cos(tide.Speed/60), math.Sin(tide.Speed/60)
		for i := range levels {
			levels[i] += float32(x)
			x, y = x*turnX-y*turnY, x*turnY+y*turnX
		}
	}
}

func work(board *Board, inbox <-chan *Request, done chan<- *Request) {
	for request := range inbox {
		predict(board.berths[request.Berth].Tides, request)
		done <- request
	}
}

func (board *Board) note(request *Request) {
	high, at := request.Levels[0], 0
	for i, level := range request.Levels {
		if level > high {
			high, at = level, i
		}
	}
	board.mutex.Lock()
	berth := &board.berths[request.Berth]
	berth.High, berth.At = high, at
	berth.Days++
	board.mutex.Unlock()
}

func (board *Board) highest() (int, float32) {
	board.mutex.RLock()
	defer board.mutex.RUnlock()
	best := 0
	for n := range board.berths {
		if board.berths[n].High > board.berths[best].High {
			best = n
		}
	}
	return best, board.berths[best].High
}

func main() {
	board := newBoard()
	inbox := make(chan *Request, burstSize)
	done := make(chan *Request, burstSize)
	free := make(chan *Request, 2*burstSize)
	for n := 0; n < 2*burstSize; n++ {
		free <- &Request{}
	}
	for n := 0; n < workers; n++ {
		go work(board, inbox, done)
	}
	go func() {
		for request := range done {
			board.note(request)
			free <- request
		}
	}()
	fmt.Println("ready", os.Getpid())
	ticker := time.NewTicker(burstEvery)
	defer ticker.Stop()
	for day := 0; ; day++ {
		for n := 0; n < burstSize; n++ {
			request := <-free
			request.Berth, request.Day = n%berths, day%365+n/berths
			inbox <- request
		}
		if berth, level := board.highest(); level > 9 {
			fmt.Fprintf(os.Stderr, "berth %d: %.1f m\n", berth, level)
		}
		<-ticker.C
	}
}
