// expect: healthy bench
// The "did you feel it?" desk of a seismological service: people tell where they were and what they felt, and get what
// the instruments say for their place. Every second the reports are gathered by cells, the magnitude of the running
// earthquake is estimated from them, and the map is written.
package main

import (
	"fmt"
	"io"
	"log"
	"math"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	cellDegrees = 0.05
	keptReports = 4000
	sites       = 900
)

// Site is a place of the service's instruments, with what its ground does to shaking.
type Site struct {
	north, east, amplification float64
}

// Quake is what is assumed of the running earthquake.
type Quake struct {
	north, east, depth, magnitude float64
}

// intensity is what the attenuation relation of the region expects.
func (quake Quake) intensity(north, east float64) float64 {
	up := (north - quake.north) * 111.2
	along := (east - quake.east) * 111.2 * math.Cos(north*math.Pi/180)
	distance := math.Sqrt(up*up + along*along + quake.depth*quake.depth)
	return 1.5*quake.magnitude - 2.4*math.Log10(distance) - 0.0021*distance + 0.9
}

// Report is what one person felt, from 1 (nothing) to 10.
type Report struct {
	north, east, felt float64
}

// Desk has the latest reports, in a ring, and what was made of them.
type Desk struct {
	mutex   sync.RWMutex
	quake   Quake
	reports [keptReports]Report
	taken   int
	sites   []Site
}

func newDesk() *Desk {
	desk := &Desk{quake: Quake{46.3, 13.4, 9, 4.6}}
	for number := 0; number < sites; number++ {
		north := 45.6 + float64(number*37%200)*0.007
		east := 12.4 + float64(number*61%210)*0.01
		desk.sites = append(desk.sites, Site{north, east, float64(number%7)*0.1 - 0.3})
	}
	return desk
}

func (desk *Desk) take(report Report) Quake {
	desk.mutex.Lock()
	defer desk.mutex.Unlock()
	desk.reports[desk.taken%keptReports] = report
	desk.taken++
	return desk.quake
}

// shaking is the expectation for a place: what is expected at the sites around, the near ones counting most.
func (desk *Desk) shaking(quake Quake, north, east float64) float64 {
	sum, weights := 0.0, 0.0
	for _, site := range desk.sites {
		up, along := (site.north-north)*111.2, (site.east-east)*77.4
		weight := math.Exp(-(up*up + along*along) / 450)
		sum += weight * (quake.intensity(site.north, site.east) + site.amplification)
		weights += weight
	}
	if weights < 1e-6 {
		return quake.intensity(north, east)
	}
	return sum / weights
}

var words = [...]string{"not felt", "weak", "weak", "light", "moderate", "strong", "very strong", "severe"}

func (desk *Desk) answer(response http.ResponseWriter, request *http.Request) {
	report, err := read(request.URL.Path)
	if err != nil {
		http.Error(response, err.Error(), http.StatusBadRequest)
		return
	}
	quake := desk.take(report)
	expected := desk.shaking(quake, report.north, report.east)
	index := int(math.Max(0, math.Min(float64(len(words)-1), expected)))
	fmt.Fprintf(response, "M %.1f, at your place %.1f (%s), you felt %.0f\n", quake.magnitude, expected, words[index], report.felt)
}

// read takes a report from a path like /felt/46.12/13.40/4.
func read(path string) (Report, error) {
	parts := strings.Split(strings.TrimPrefix(path, "/felt/"), "/")
	if len(parts) != 3 {
		return Report{}, fmt.Errorf("not a report: %s", path)
	}
	var values [3]float64
	for i, part := range parts {
		value, err := strconv.ParseFloat(part, 64)
		if err != nil {
			return Report{}, err
		}
		values[i] = value
	}
	return Report{values[0], values[1], values[2]}, nil
}

type cell struct{ north, east int }

// gather makes means of the cells, those with most reports first.
func (desk *Desk) gather() (rows []string, residual float64) {
	desk.mutex.RLock()
	number := desk.taken
	if number > keptReports {
		number = keptReports
	}
	reports := append([]Report(nil), desk.reports[:number]...)
	quake := desk.quake
	desk.mutex.RUnlock()

	sums, counts := map[cell]float64{}, map[cell]int{}
	for _, report := range reports {
		at := cell{int(report.north / cellDegrees), int(report.east / cellDegrees)}
		sums[at] += report.felt
		counts[at]++
		residual += report.felt - quake.intensity(report.north, report.east)
	}
	cells := make([]cell, 0, len(counts))
	for at := range counts {
		cells = append(cells, at)
	}
	sort.Slice(cells, func(i, j int) bool { return counts[cells[i]] > counts[cells[j]] })
	for _, at := range cells {
		felt := sums[at] / float64(counts[at])
		row := fmt.Sprintf("%.2f %.2f %4d %.1f", float64(at.north)*cellDegrees, float64(at.east)*cellDegrees, counts[at], felt)
		rows = append(rows, row)
	}
	return rows, residual / math.Max(1, float64(number))
}

// keep writes the map each second, and brings the magnitude nearer to what people felt.
func (desk *Desk) keep(path string) {
	for range time.Tick(time.Second) {
		rows, residual := desk.gather()
		desk.mutex.Lock()
		desk.quake.magnitude = math.Max(3, math.Min(7, desk.quake.magnitude+0.1*residual/1.5))
		desk.mutex.Unlock()
		if err := os.WriteFile(path, []byte(strings.Join(rows, "\n")+"\n"), 0o644); err != nil {
			log.Print(err)
		}
	}
}

// people tell what they felt: a process of its own, which ends when its input does.
func people(address string) {
	const number, eachSecond = 10, 26
	for person := 0; person < number; person++ {
		go func(person int) {
			for report := person * 1000; ; report++ {
				time.Sleep(time.Second / eachSecond)
				north, east := 45.9+float64(report*31%80)*0.01, 13.0+float64(report*17%90)*0.01
				answer, err := http.Get(fmt.Sprintf("http://%s/felt/%.2f/%.2f/%d", address, north, east, 2+report*7%5))
				if err != nil {
					continue
				}
				_, _ = io.Copy(io.Discard, answer.Body)
				answer.Body.Close()
			}
		}(person)
	}
	_, _ = os.Stdin.Read(make([]byte, 1))
}

// invite starts the people as nobody's child.
func invite(address string) (*os.File, error) {
	own, err := os.Executable()
	if err != nil {
		return nil, err
	}
	ends, keep, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer ends.Close()
	command := exec.Command("/bin/sh", "-c", `"$0" <&3 >/dev/null 2>&1 &`, own)
	command.Env = append(os.Environ(), "FELT_DESK="+address)
	command.ExtraFiles = []*os.File{ends}
	return keep, command.Run()
}

func main() {
	if address := os.Getenv("FELT_DESK"); address != "" {
		people(address)
		return
	}
	folder, err := os.MkdirTemp("", "felt-")
	if err != nil {
		log.Fatal(err)
	}
	desk := newDesk()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	http.HandleFunc("/felt/", desk.answer)
	go func() { log.Fatal(http.Serve(listener, nil)) }()
	lifeline, err := invite(listener.Addr().String())
	if err != nil {
		log.Fatal(err)
	}
	defer lifeline.Close()
	fmt.Println("ready", os.Getpid())
	desk.keep(filepath.Join(folder, "map.txt"))
}
