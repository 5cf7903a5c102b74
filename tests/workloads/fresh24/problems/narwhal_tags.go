// expect: pattern=memory-growth bench
// Follows narwhals by the tags at their tusks: a satellite tells the desk which tag has surfaced; the desk asks both
// ground stations for the profile of the dive that has just ended (either may have heard it first), goes on with the
// answer that comes first, and tells the satellite how deep and how steep the animal went.
//
// Measured: resident memory grows by 4 to 5 MiB a second at 45 surfacings a second, and does not in the twin; CPU 3 %
// of a core with either.
package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"math"
	"math/rand"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/mux"
)

const (
	samples    = 16 << 10 // depths in a profile
	tags       = 60
	surfacings = 45 // a second
	uplinks    = 9
)

// Profile is a dive: one depth in metres for each tenth of a second.
type Profile struct {
	Station string
	Depths  []float32
}

type Summary struct {
	Tag     int     `json:"tag"`
	Dive    int     `json:"dive"`
	Deepest float32 `json:"deepest"`
	Steep   float32 `json:"steep"`
	Bottom  float64 `json:"bottom_seconds"`
	Station string  `json:"station"`
}

type Station struct {
	Name    string
	Address string
	client  *http.Client
}

func (s *Station) Fetch(tag, dive int) (*Profile, error) {
	response, err := s.client.Get(fmt.Sprintf("http://%s/dives/%d/%d", s.Address, tag, dive))
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", s.Name, response.Status)
	}
	if response.ContentLength <= 0 || response.ContentLength > 4*samples {
		return nil, fmt.Errorf("%s: a profile of %d bytes", s.Name, response.ContentLength)
	}
	raw := make([]byte, response.ContentLength)
	if _, err := io.ReadFull(response.Body, raw); err != nil {
		return nil, err
	}
	depths := make([]float32, len(raw)/4)
	for i := range depths {
		depths[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
	}
	return &Profile{s.Name, depths}, nil
}

// Stations are all that may have heard a tag.
type Stations struct {
	all []*Station
}

type heard struct {
	profile *Profile
	err     error
}

func (s *Stations) First(ctx context.Context, tag, dive int) (*Profile, error) {
	answers := make(chan heard) // <- cost
	for _, station := range s.all {
		go func(station *Station) {
			profile, err := station.Fetch(tag, dive)
			answers <- heard{profile, err} // <- cost
		}(station)
	}
	failed := errors.New("no stations")
	for range s.all {
		select {
		case answer := <-answers:
			if answer.err == nil {
				return answer.profile, nil
			}
			failed = answer.err
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return nil, failed
}

func summarise(tag, dive int, profile *Profile) Summary {
	summary := Summary{Tag: tag, Dive: dive, Station: profile.Station}
	for i, depth := range profile.Depths {
		if depth > summary.Deepest {
			summary.Deepest = depth
		}
		if i >= 10 {
			if rate := depth - profile.Depths[i-10]; rate > summary.Steep {
				summary.Steep = rate
			}
		}
	}
	bottom := 0
	for _, depth := range profile.Depths {
		if depth > 0.9*summary.Deepest {
			bottom++
		}
	}
	summary.Bottom = float64(bottom) / 10
	return summary
}

type Desk struct {
	stations *Stations
	mutex    sync.Mutex
	latest   map[int]Summary
	served   int64
	failed   int64
}

func (d *Desk) surfaced(out http.ResponseWriter, request *http.Request) {
	tag, _ := strconv.Atoi(mux.Vars(request)["tag"])
	dive, err := strconv.Atoi(request.URL.Query().Get("dive"))
	if err != nil || tag >= tags {
		http.Error(out, "no such dive", http.StatusBadRequest)
		return
	}
	ctx, cancel := context.WithTimeout(request.Context(), 3*time.Second)
	defer cancel()
	profile, err := d.stations.First(ctx, tag, dive)
	if err != nil {
		atomic.AddInt64(&d.failed, 1)
		http.Error(out, err.Error(), http.StatusBadGateway)
		return
	}
	summary := summarise(tag, dive, profile)
	d.mutex.Lock()
	d.latest[tag] = summary
	d.mutex.Unlock()
	out.Header().Set("Content-Type", "application/json")
	json.NewEncoder(out).Encode(summary)
	atomic.AddInt64(&d.served, 1)
}

// station is the part of a ground station: it has some dives on file and needs a moment to find one.
func station() error {
	var files [8][]byte
	for i := range files {
		files[i] = make([]byte, 4*samples)
		for at := 0; at < samples; at++ {
			depth := 900*math.Sin(math.Pi*float64(at)/samples) + 30*math.Sin(float64(at*(i+3))/400)
			binary.LittleEndian.PutUint32(files[i][4*at:], math.Float32bits(float32(math.Max(0, depth))))
		}
	}
	router := mux.NewRouter()
	router.HandleFunc("/dives/{tag:[0-9]+}/{dive:[0-9]+}", func(out http.ResponseWriter, request *http.Request) {
		dive, _ := strconv.Atoi(mux.Vars(request)["dive"])
		time.Sleep(time.Duration(1000+rand.Intn(2000)) * time.Microsecond)
		out.Header().Set("Content-Length", strconv.Itoa(4*samples))
		out.Write(files[dive%len(files)])
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(listener.Addr())
	return http.Serve(listener, router)
}

// satellite is the part of what passes over the fjords and reports the tags that it hears.
func satellite(address string) error {
	fmt.Println("overhead")
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: uplinks}, Timeout: 5 * time.Second}
	for uplink := 1; uplink < uplinks; uplink++ {
		go report(client, address, uplink)
	}
	report(client, address, 0)
	return nil
}

func report(client *http.Client, address string, uplink int) {
	time.Sleep(time.Duration(uplink) * time.Second / surfacings)
	turn := 0
	for range time.Tick(uplinks * time.Second / surfacings) {
		turn++
		tag := (turn*uplinks + uplink) % tags
		response, err := client.PostForm(fmt.Sprintf("http://%s/tags/%d/surfaced?dive=%d", address, tag, turn), url.Values{})
		if err != nil {
			os.Exit(1)
		}
		io.Copy(io.Discard, response.Body)
		response.Body.Close()
	}
}

// launch starts this program in another part, as nobody's child, and returns the first line that it prints.
func launch(part ...string) (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	shell := exec.Command("sh", append([]string{"-c", `"$0" "$@" 2>/dev/null &`, self}, part...)...)
	printed, err := shell.StdoutPipe()
	if err != nil {
		return "", err
	}
	if err := shell.Start(); err != nil {
		return "", err
	}
	line, err := bufio.NewReader(printed).ReadString('\n')
	if err != nil {
		return "", err
	}
	return strings.TrimSpace(line), shell.Wait()
}

func run() error {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 2 * uplinks}, Timeout: 3 * time.Second}
	stations := &Stations{}
	for _, name := range []string{"Pond Inlet", "Qaanaaq"} {
		address, err := launch("station")
		if err != nil {
			return err
		}
		stations.all = append(stations.all, &Station{name, address, client})
	}
	desk := &Desk{stations: stations, latest: map[int]Summary{}}
	router := mux.NewRouter()
	router.HandleFunc("/tags/{tag:[0-9]+}/surfaced", desk.surfaced).Methods(http.MethodPost)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	go http.Serve(listener, router)
	if _, err := launch("satellite", listener.Addr().String()); err != nil {
		return err
	}
	for atomic.LoadInt64(&desk.served) < 2*surfacings {
		time.Sleep(100 * time.Millisecond)
	}
	fmt.Printf("ready %d\n", os.Getpid())
	for range time.Tick(10 * time.Second) {
		log.Printf("%d served, %d failed", atomic.LoadInt64(&desk.served), atomic.LoadInt64(&desk.failed))
	}
	return nil
}

func main() {
	var err error
	switch {
	case len(os.Args) > 1 && os.Args[1] == "station":
		err = station()
	case len(os.Args) > 2 && os.Args[1] == "satellite":
		err = satellite(os.Args[2])
	default:
		err = run()
	}
	if err != nil {
		log.Fatal(err)
	}
}
