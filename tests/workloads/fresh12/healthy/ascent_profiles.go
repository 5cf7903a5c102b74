// expect: healthy bench
// Answers the forecasters' questions about ascents of weather balloons: for a station's last ascent the profile at
// whole heights, how high a parcel of air would rise, and how much energy it would gain. Ascents come in all the time.
// Measured: 450 answers a second, 300 of them worked out, for 0.6 ms of CPU time each.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"math"
	"math/rand"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	stations = 120
	samples  = 5000 // of an ascent
	step     = 5.0  // metres, of the integration
	kept     = 40   // answers at hand
)

// Sample is what a sonde measured at a height.
type Sample struct{ height, kelvin, dew float64 }

// Ascent is a station's balloon; nobody changes one that was handed out.
type Ascent struct {
	serial  int64
	samples []Sample
}

// Answer is what a forecaster sees.
type Answer struct {
	Station int       `json:"station"`
	Energy  float64   `json:"energy"`
	Base    float64   `json:"base"`
	Top     float64   `json:"top"`
	Kelvin  []float64 `json:"kelvin"`
}

func ascend(serial int64, chance *rand.Rand) *Ascent {
	ground, lapse := 288+chance.Float64()*14, 6.2+chance.Float64()*1.2
	ascent := &Ascent{serial: serial, samples: make([]Sample, samples)}
	for number := range ascent.samples {
		height := float64(number) * 5.5
		kelvin := ground - lapse*math.Min(height, 11500)/1000 + chance.NormFloat64()/20
		ascent.samples[number] = Sample{height, kelvin, kelvin - 3 - height/900}
	}
	return ascent
}

// walk calls visit at each step of height up to a limit, with the air between the samples around it.
func (ascent *Ascent) walk(limit float64, visit func(height, kelvin, dew float64)) {
	above := 1
	for height := 0.0; height < limit; height += step {
		for above < len(ascent.samples)-1 && ascent.samples[above].height < height {
			above++
		}
		low, high := ascent.samples[above-1], ascent.samples[above]
		part := (height - low.height) / (high.height - low.height)
		visit(height, low.kelvin+part*(high.kelvin-low.kelvin), low.dew+part*(high.dew-low.dew))
	}
}

// saturated tells by how much a rising wet parcel cools, in kelvins a metre.
func saturated(kelvin, height float64) float64 {
	pascal := 101325 * math.Exp(-height/7600)
	vapour := 611.2 * math.Exp(17.67*(kelvin-273.15)/(kelvin-29.65))
	mixing := 0.622 * vapour / (pascal - vapour)
	return 9.81 * (1 + 2.501e6*mixing/(287*kelvin)) / (1004 + 2.501e6*2.501e6*mixing*0.622/(287*kelvin*kelvin))
}

// work lifts a parcel from the ground through the air of the ascent.
func work(station int, ascent *Ascent) *Answer {
	answer := &Answer{Station: station, Kelvin: make([]float64, 0, 32)}
	parcel, dew := ascent.samples[0].kelvin+1, ascent.samples[0].dew
	ascent.walk(16000, func(height, kelvin, _ float64) {
		if math.Mod(height, 500) == 0 {
			answer.Kelvin = append(answer.Kelvin, math.Round(kelvin*10)/10)
		}
		if parcel > dew {
			parcel -= 0.0098 * step
			dew -= 0.0018 * step
			answer.Base = height
		} else {
			parcel -= saturated(parcel, height) * step
		}
		if parcel > kelvin {
			answer.Energy += 9.81 * (parcel - kelvin) / kelvin * step
			answer.Top = height
		}
	})
	return answer
}

// Desk has the last ascents, and answers at hand for those that are asked for most.
type Desk struct {
	mutex   sync.RWMutex
	ascents [stations]*Ascent
	at      map[int64][]byte // by the ascent's serial number
	order   []int64          // the oldest first
	asked   int64
	worked  int64
}

// take puts a new ascent in the place of a station's last one.
func (desk *Desk) take(station int, ascent *Ascent) {
	desk.mutex.Lock()
	defer desk.mutex.Unlock()
	desk.ascents[station] = ascent
}

func (desk *Desk) find(station int) (*Ascent, []byte) {
	desk.mutex.RLock()
	defer desk.mutex.RUnlock()
	ascent := desk.ascents[station]
	return ascent, desk.at[ascent.serial]
}

func (desk *Desk) keep(serial int64, body []byte) {
	desk.mutex.Lock()
	defer desk.mutex.Unlock()
	if _, known := desk.at[serial]; known {
		return
	}
	if len(desk.order) == kept {
		delete(desk.at, desk.order[0])
		copy(desk.order, desk.order[1:])
		desk.order = desk.order[:kept-1]
	}
	desk.at[serial] = body
	desk.order = append(desk.order, serial)
}

// ServeHTTP answers a question about a station.
func (desk *Desk) ServeHTTP(response http.ResponseWriter, request *http.Request) {
	station, err := strconv.Atoi(strings.TrimPrefix(request.URL.Path, "/profile/"))
	if err != nil || station < 0 || station >= stations {
		http.NotFound(response, request)
		return
	}
	ascent, body := desk.find(station)
	if body == nil {
		if body, err = json.Marshal(work(station, ascent)); err != nil {
			http.Error(response, err.Error(), http.StatusInternalServerError)
			return
		}
		desk.keep(ascent.serial, body)
		atomic.AddInt64(&desk.worked, 1)
	}
	atomic.AddInt64(&desk.asked, 1)
	response.Header().Set("Content-Type", "application/json")
	response.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = response.Write(body)
}

// receive takes the ascents that the stations send.
func (desk *Desk) receive(chance *rand.Rand) {
	serial := int64(stations)
	for range time.Tick(250 * time.Millisecond) {
		desk.take(chance.Intn(stations), ascend(serial, chance))
		serial++
	}
}

// forecasters ask, in a process of their own, until the desk is gone.
func forecasters(address string) {
	var all sync.WaitGroup
	for number := 0; number < 6; number++ {
		all.Add(1)
		go func(chance *rand.Rand) {
			defer all.Done()
			client := &http.Client{Transport: &http.Transport{}}
			for {
				time.Sleep(10 * time.Millisecond)
				answer, err := client.Get(fmt.Sprintf("http://%s/profile/%d", address, chance.Intn(stations)))
				if err != nil {
					return
				}
				_, _ = io.Copy(io.Discard, answer.Body)
				answer.Body.Close()
			}
		}(rand.New(rand.NewSource(int64(number))))
	}
	all.Wait()
}

// start runs the forecasters as nobody's child.
func start(address string) error {
	own, err := os.Executable()
	if err != nil {
		return err
	}
	command := exec.Command("/bin/sh", "-c", `"$0" &`, own)
	command.Env = append(os.Environ(), "FORECASTERS="+address)
	return command.Run()
}

func main() {
	if address := os.Getenv("FORECASTERS"); address != "" {
		forecasters(address)
		return
	}
	chance := rand.New(rand.NewSource(5))
	desk := &Desk{at: map[int64][]byte{}}
	for station := range desk.ascents {
		desk.ascents[station] = ascend(int64(station), chance)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go desk.receive(chance)
	go func() { log.Fatal(http.Serve(listener, desk)) }()
	if err := start(listener.Addr().String()); err != nil {
		log.Fatal(err)
	}
	fmt.Println("ready", os.Getpid())
	for range time.Tick(2 * time.Second) {
		log.Printf("%d asked, %d worked out", atomic.LoadInt64(&desk.asked), atomic.LoadInt64(&desk.worked))
	}
}
