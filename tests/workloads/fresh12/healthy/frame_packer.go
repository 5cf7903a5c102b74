// expect: healthy bench
// Packs the frames of an area detector at a diffractometer: a frame is read out 25 times a second, the spots on it
// are counted, what changed since the pixel before is coded in few bytes, and the block is compressed and appended to
// the run's file. Frames and blocks go round in pools, and there are as many packers as the machine has cores.
// Measured: a frame takes about 4 ms of CPU, 11 % of a core in all.
package main

import (
	"bufio"
	"compress/flate"
	"encoding/binary"
	"fmt"
	"log"
	"math/rand"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"time"
)

const side, spots, every, framesOfRun = 512, 180, 40 * time.Millisecond, 250

// Frame is what the detector counted, pixel by pixel.
type Frame struct {
	number int
	counts [side * side]uint16
}

// Block is a packed frame.
type Block struct {
	number, spots int
	bytes         []byte
}

// Detector gives frames; its backgrounds were taken before.
type Detector struct {
	dice        *rand.Rand
	backgrounds [4][side * side]uint16
}

func newDetector() *Detector {
	detector := &Detector{dice: rand.New(rand.NewSource(1915))}
	for index := range detector.backgrounds {
		for pixel := range detector.backgrounds[index] {
			detector.backgrounds[index][pixel] = uint16(10 + detector.dice.Intn(6))
		}
	}
	return detector
}

func (detector *Detector) expose(frame *Frame, number int) {
	frame.number = number
	frame.counts = detector.backgrounds[number%len(detector.backgrounds)]
	for spot := 0; spot < spots; spot++ {
		row, column := 2+detector.dice.Intn(side-4), 2+detector.dice.Intn(side-4)
		height := 200 + detector.dice.Intn(9000)
		for y := -2; y <= 2; y++ {
			for x := -2; x <= 2; x++ {
				frame.counts[(row+y)*side+column+x] += uint16(height >> uint(x*x+y*y))
			}
		}
	}
}

// count finds the pixels that stand out and that no pixel beside exceeds.
func (frame *Frame) count() int {
	found := 0
	for row := 1; row < side-1; row++ {
		line := frame.counts[row*side : (row+1)*side]
		for column := 1; column < side-1; column++ {
			here := line[column]
			if here < 100 || here < line[column-1] || here <= line[column+1] {
				continue
			}
			if here >= frame.counts[(row-1)*side+column] && here > frame.counts[(row+1)*side+column] {
				found++
			}
		}
	}
	return found
}

// Packer packs frames; it keeps what it needs for that.
type Packer struct {
	coded      []byte
	compressor *flate.Writer
}

// sink appends to a block.
type sink struct{ block *Block }

func (sink sink) Write(bytes []byte) (int, error) {
	sink.block.bytes = append(sink.block.bytes, bytes...)
	return len(bytes), nil
}

func newPacker() (*Packer, error) {
	compressor, err := flate.NewWriter(nil, flate.BestSpeed)
	return &Packer{make([]byte, 0, side*side*binary.MaxVarintLen16), compressor}, err
}

func (packer *Packer) pack(frame *Frame, block *Block) error {
	block.number, block.spots, block.bytes = frame.number, frame.count(), block.bytes[:0]
	coded, before := packer.coded[:0], int64(0)
	var one [binary.MaxVarintLen64]byte
	for _, count := range frame.counts {
		length := binary.PutVarint(one[:], int64(count)-before)
		coded = append(coded, one[:length]...)
		before = int64(count)
	}
	packer.coded = coded
	packer.compressor.Reset(sink{block})
	if _, err := packer.compressor.Write(coded); err != nil {
		return err
	}
	return packer.compressor.Close()
}

// Line is the way of frames from the detector to the file.
type Line struct {
	frames, blocks sync.Pool
	exposed        chan *Frame
	packed         chan *Block
}

func newLine(packers int) *Line {
	return &Line{
		frames:  sync.Pool{New: func() interface{} { return new(Frame) }},
		blocks:  sync.Pool{New: func() interface{} { return &Block{bytes: make([]byte, 0, side*side)} }},
		exposed: make(chan *Frame, packers),
		packed:  make(chan *Block, packers),
	}
}

func (line *Line) work(packer *Packer) {
	for frame := range line.exposed {
		block := line.blocks.Get().(*Block)
		if err := packer.pack(frame, block); err != nil {
			log.Print(err)
		}
		line.frames.Put(frame)
		line.packed <- block
	}
}

// keep writes the blocks, a run of frames into each file; of the runs before, the last one stays.
func (line *Line) keep(folder string) error {
	for run := 0; ; run++ {
		path := filepath.Join(folder, fmt.Sprintf("run-%d.frames", run%2))
		file, err := os.Create(path)
		if err != nil {
			return err
		}
		out, found, size := bufio.NewWriterSize(file, 1<<18), 0, 0
		for written := 0; written < framesOfRun; written++ {
			block := <-line.packed
			var head [8]byte
			binary.LittleEndian.PutUint32(head[:4], uint32(block.number))
			binary.LittleEndian.PutUint32(head[4:], uint32(len(block.bytes)))
			out.Write(head[:])
			out.Write(block.bytes)
			found, size = found+block.spots, size+len(block.bytes)
			line.blocks.Put(block)
		}
		if err := out.Flush(); err != nil {
			return err
		}
		if err := file.Close(); err != nil {
			return err
		}
		log.Printf("run %d: %d spots a frame, %d bytes a frame", run, found/framesOfRun, size/framesOfRun)
	}
}

func main() {
	folder, err := os.MkdirTemp("", "frames")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	packers := runtime.NumCPU()
	line := newLine(packers)
	for number := 0; number < packers; number++ {
		packer, err := newPacker()
		if err != nil {
			log.Fatal(err)
		}
		go line.work(packer)
	}
	go func() {
		if err := line.keep(folder); err != nil {
			log.Fatal(err)
		}
	}()
	detector := newDetector()
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGTERM, syscall.SIGINT)
	fmt.Println("ready", os.Getpid())
	pace := time.NewTicker(every)
	defer pace.Stop()
	for number := 0; ; number++ {
		select {
		case <-pace.C:
			frame := line.frames.Get().(*Frame)
			detector.expose(frame, number)
			line.exposed <- frame
		case <-ended:
			return
		}
	}
}
