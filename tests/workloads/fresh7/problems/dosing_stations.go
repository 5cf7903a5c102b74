// expect: pattern=failing-dependency bench
// Reckons how much chlorine the dosing stations of a waterworks add: from their own meters, from what the district
// office says of the pipes behind them, and from the laboratory's last sample, or else the usual for the season.
// Measured: to ask the laboratory in vain takes 120 ms, and a round of 16 stations 2 s and more; in the twin the round
// takes its second, 96 stations are adjusted in it (48 before), and the laboratory is asked once in 30 s.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"math"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

const stations, crews = 96, 6

// patient is a transport that does not give up at the first error.
type patient struct {
	base     http.RoundTripper
	attempts int
	pause    time.Duration
	failures atomic.Int64
}

// RoundTrip sends a request, again if need be, each time after a longer pause.
func (transport *patient) RoundTrip(request *http.Request) (*http.Response, error) {
	var err error
	for attempt := 0; attempt < transport.attempts; attempt++ { // <- cost
		if attempt > 0 {
			time.Sleep(transport.pause << attempt) // <- cost
		}
		var response *http.Response
		if response, err = transport.base.RoundTrip(request); err == nil { // <- cost
			return response, nil
		}
		transport.failures.Add(1)
	}
	return nil, err
}

// Station is one place where the water is treated.
type Station struct {
	Number  int
	Flow    float64 // cubic metres an hour
	Residue float64 // milligrams a litre, as its own probe sees it
	Dose    float64 // kilograms an hour
}

func (station *Station) read(round int) {
	phase := float64(round+station.Number*7) / 40
	station.Flow = 120 + 60*math.Sin(phase) + 5*math.Cos(phase*9)
	station.Residue = 0.25 + 0.1*math.Cos(phase*1.3)
}

// District is what the office says of the pipes behind a station.
type District struct {
	Price int `json:"price"`
	Stock int `json:"stock"`
}

// Control works for all stations.
type Control struct {
	client             *http.Client
	office, laboratory string
	done, usual        atomic.Int64
}

func (control *Control) ask(address string, into any) error {
	response, err := control.client.Get(address) // <- cost
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", address, response.Status)
	}
	return json.NewDecoder(response.Body).Decode(into)
}

// demand is how much the water takes up on its way, in milligrams a litre.
func (control *Control) demand(station *Station) float64 {
	var sample struct {
		Demand float64 `json:"demand"`
	}
	if control.ask(fmt.Sprintf("%s/samples/%d", control.laboratory, station.Number), &sample) != nil { // <- cost
		control.usual.Add(1)
		return 0.35 + 0.05*math.Sin(float64(time.Now().YearDay())/58)
	}
	return sample.Demand
}

func (control *Control) adjust(station *Station, round int) {
	station.read(round)
	var district District
	if err := control.ask(fmt.Sprintf("%s/pipes/%d", control.office, station.Number), &district); err != nil {
		log.Print(err)
		return
	}
	age := 1 + float64(district.Stock)/50
	wanted := 0.3 - station.Residue + control.demand(station)*age // <- cost
	station.Dose = 0.8*station.Dose + 0.2*math.Max(0, wanted)*station.Flow/1000
	control.done.Add(1)
}

// crew looks after some of the stations, each about once a second.
func (control *Control) crew(first int, all []*Station) {
	for round := 0; ; round++ {
		began := time.Now()
		for at := first; at < len(all); at += crews {
			control.adjust(all[at], round) // <- cost
		}
		time.Sleep(time.Second - time.Since(began))
	}
}

// standby is the laboratory's address, where nobody has listened since it moved.
func standby() string {
	socket, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err == nil {
		err = syscall.Bind(socket, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}})
	}
	name, failed := syscall.Getsockname(socket)
	if err != nil || failed != nil {
		log.Fatal(err, failed)
	}
	return fmt.Sprintf("http://127.0.0.1:%d", name.(*syscall.SockaddrInet4).Port)
}

func main() {
	office := exec.Command(os.Getenv("PYTHON"), os.Getenv("SERVICES"), "http", "1")
	office.Stderr = os.Stderr
	started, err := office.Output()
	if err != nil {
		log.Fatal(err)
	}
	kept := &http.Transport{MaxIdleConnsPerHost: 16, ResponseHeaderTimeout: time.Second}
	transport := &patient{base: kept, attempts: 5, pause: 4 * time.Millisecond}
	control := &Control{client: &http.Client{Transport: transport}, laboratory: standby()}
	control.office = "http://127.0.0.1:" + strings.TrimSpace(string(started))
	all := make([]*Station, stations)
	for number := range all {
		all[number] = &Station{Number: number}
	}
	fmt.Println("ready", os.Getpid())
	for first := 0; first < crews; first++ {
		go control.crew(first, all)
	}
	for range time.Tick(2 * time.Second) {
		log.Printf("%d adjusted, %d as usual", control.done.Load(), control.usual.Load())
	}
}
