// expect: healthy bench
// Evaluates the infrared spectra of milk samples in a laboratory: a rack of samples comes every half second, two
// workers work out fat, protein and lactose of each, and the herd's figures are brought up to date.
// Measured: a rack of 120 samples takes 14 ms, and then nothing is to be done until the next one.
package main

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"log"
	"math"
	"math/rand"
	"os"
	"runtime"
	"sort"
	"sync"
	"time"
)

const (
	channels = 1060
	rack     = 120
	herds    = 90
)

var contents = [3]string{"fat", "protein", "lactose"}

// Sample is what the instrument sends: who it is of, and an absorbance for each channel, sealed with a check.
type Sample struct {
	Herd  int
	Bytes []byte
}

// Result is what is in a sample, in per cent, and how well the model fits.
type Result struct {
	Herd     int
	Contents [3]float64
	Residual float64
}

// Model works out the contents by weights for each channel.
type Model struct {
	weights [3][channels]float64
	mean    [channels]float64
}

func calibrate(dice *rand.Rand) *Model {
	model := &Model{}
	for content := range model.weights {
		centre := float64(250 + 280*content)
		for channel := range model.weights[content] {
			away := (float64(channel) - centre) / 60
			model.weights[content][channel] = math.Exp(-away*away) / 55
		}
	}
	for channel := range model.mean {
		model.mean[channel] = 0.4 + 0.1*dice.Float64()
	}
	return model
}

// smooth replaces a spectrum by its differences, smoothed over nine channels.
func smooth(spectrum, out []float64) {
	const half = 4
	for channel := half + 1; channel < len(spectrum)-half; channel++ {
		sum := 0.0
		for near := -half; near <= half; near++ {
			sum += spectrum[channel+near] - spectrum[channel+near-1]
		}
		out[channel] = sum / (2*half + 1)
	}
}

func (model *Model) evaluate(spectrum, scratch []float64) (result Result) {
	smooth(spectrum, scratch)
	for content := range model.weights {
		sum := 0.0
		for channel, weight := range model.weights[content] {
			sum += weight * (spectrum[channel] + scratch[channel])
		}
		result.Contents[content] = sum
	}
	for channel, value := range spectrum {
		off := value - model.mean[channel]
		result.Residual += off * off
	}
	result.Residual = math.Sqrt(result.Residual / channels)
	return result
}

// decode checks a sample and fills in its spectrum.
func decode(sample Sample, spectrum []float64) bool {
	body := sample.Bytes[:2*channels]
	if crc32.ChecksumIEEE(body) != binary.BigEndian.Uint32(sample.Bytes[2*channels:]) {
		return false
	}
	for channel := range spectrum {
		spectrum[channel] = float64(binary.BigEndian.Uint16(body[2*channel:])) / 65536
	}
	return true
}

// Herd is what is known of one, over all its samples.
type Herd struct {
	Samples int
	Sums    [3]float64
	Worst   float64
}

// Laboratory gathers what the workers find.
type Laboratory struct {
	model   *Model
	mutex   sync.Mutex
	herds   [herds]Herd
	broken  int
	buffers sync.Pool
}

// enter takes what one worker found in its share of a rack.
func (laboratory *Laboratory) enter(results []Result, broken int) {
	laboratory.mutex.Lock()
	defer laboratory.mutex.Unlock()
	laboratory.broken += broken
	for _, result := range results {
		herd := &laboratory.herds[result.Herd]
		herd.Samples++
		for content, value := range result.Contents {
			herd.Sums[content] += value
		}
		herd.Worst = math.Max(herd.Worst, result.Residual)
	}
}

func (laboratory *Laboratory) work(shares <-chan []Sample, done *sync.WaitGroup) {
	results := make([]Result, 0, rack)
	for share := range shares {
		buffer := laboratory.buffers.Get().(*[2][channels]float64)
		results = results[:0]
		broken := 0
		for _, sample := range share {
			if !decode(sample, buffer[0][:]) {
				broken++
				continue
			}
			// the instrument measures each sample through eight windows
			var result Result
			for window := 0; window < 8; window++ {
				one := laboratory.model.evaluate(buffer[0][:], buffer[1][:])
				for content, value := range one.Contents {
					result.Contents[content] += value / 8 * (1 + 0.001*float64(window))
				}
				result.Residual = math.Max(result.Residual, one.Residual)
			}
			result.Herd = sample.Herd
			results = append(results, result)
		}
		laboratory.buffers.Put(buffer)
		laboratory.enter(results, broken)
		done.Done()
	}
}

func (laboratory *Laboratory) summary() string {
	laboratory.mutex.Lock()
	known := make([]Herd, 0, herds)
	for _, herd := range laboratory.herds {
		if herd.Samples > 0 {
			known = append(known, herd)
		}
	}
	broken := laboratory.broken
	laboratory.mutex.Unlock()
	sort.Slice(known, func(a, b int) bool { return known[a].Worst > known[b].Worst })
	text := fmt.Sprintf("%d herds, %d samples broken", len(known), broken)
	if len(known) > 0 {
		for content, name := range contents {
			text += fmt.Sprintf(", %s %.2f", name, known[0].Sums[content]/float64(known[0].Samples))
		}
	}
	return text
}

// measure stands in for the instrument: it fills the rack anew.
func measure(dice *rand.Rand, samples []Sample) {
	for number := range samples {
		sample := &samples[number]
		sample.Herd = dice.Intn(herds)
		for channel := 0; channel < channels; channel++ {
			binary.BigEndian.PutUint16(sample.Bytes[2*channel:], uint16(24000+channel*8+dice.Intn(4000)))
		}
		check := crc32.ChecksumIEEE(sample.Bytes[:2*channels])
		if dice.Intn(400) == 0 {
			check++
		}
		binary.BigEndian.PutUint32(sample.Bytes[2*channels:], check)
	}
}

func main() {
	dice := rand.New(rand.NewSource(8))
	laboratory := &Laboratory{model: calibrate(dice)}
	laboratory.buffers.New = func() any { return new([2][channels]float64) }
	samples := make([]Sample, rack)
	for number := range samples {
		samples[number].Bytes = make([]byte, 2*channels+4)
	}
	shares := make(chan []Sample)
	var done sync.WaitGroup
	for worker := 0; worker < runtime.NumCPU(); worker++ {
		go laboratory.work(shares, &done)
	}
	fmt.Println("ready", os.Getpid())
	spent := time.Duration(0)
	for racks := 1; ; racks++ {
		measure(dice, samples)
		began := time.Now()
		for at := 0; at < rack; at += 20 {
			done.Add(1)
			shares <- samples[at : at+20]
		}
		done.Wait()
		spent += time.Since(began)
		if racks%20 == 0 {
			log.Printf("%s; %v a rack", laboratory.summary(), spent/time.Duration(racks))
		}
		time.Sleep(500*time.Millisecond - time.Since(began))
	}
}
