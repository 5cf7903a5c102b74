// expect: pattern=repeated-read bench
// The fitting desk of hearing aids: audiologists send the audiogram of both ears, and get the gain for soft, middle and
// loud speech in each band, out of the prescription table of the laboratory (by age, band, threshold and input level).
//
// Measured: A fitting takes 2.5 ms, in the twin 0.06 ms, at 160 fittings a second.
// CPU 37 % of a core, in the twin 2.6 %.
package main

import (
	"bytes"
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
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/gorilla/mux"
)

const (
	magic      = "GAINS-3\n"
	ages       = 9   // decades
	thresholds = 121 // dB, from 0
	levels     = 61  // dB, from 40
	booths     = 12
	rate       = 160 // fittings a second
)

var bands = [...]int{250, 500, 750, 1000, 1500, 2000, 3000, 4000, 6000, 8000}
var speech = [...]float64{50, 65, 80}

var errTable = errors.New("not a prescription table")

type Ear struct {
	Thresholds []float64 `json:"thresholds"`
	Open       bool      `json:"open"` // an open mould lets the low bands out
}

type Audiogram struct {
	Age   int `json:"age"`
	Left  Ear `json:"left"`
	Right Ear `json:"right"`
}

type Fit struct {
	Gains [len(bands)][len(speech)]float64 `json:"gains"`
	Power float64                          `json:"power"`
}

// Table is the laboratory's prescription: float32 gains by age, band, threshold and level.
type Table struct {
	raw []byte
}

// LoadTable reads a table, and looks whether it is one.
func LoadTable(path string) (*Table, error) {
	raw, err := os.ReadFile(path) // <- cost
	if err != nil {
		return nil, err
	}
	if !bytes.HasPrefix(raw, []byte(magic)) || len(raw) != len(magic)+4*ages*len(bands)*thresholds*levels {
		return nil, fmt.Errorf("%s: %w", path, errTable)
	}
	return &Table{raw: raw[len(magic):]}, nil
}

func (t *Table) at(age, band, threshold, level int) float64 {
	place := ((age*len(bands)+band)*thresholds+threshold)*levels + level
	return float64(math.Float32frombits(binary.LittleEndian.Uint32(t.raw[4*place:])))
}

// Gain is the table's value between the thresholds and levels that stand in it.
func (t *Table) Gain(age, band int, threshold, level float64) float64 {
	threshold = math.Max(0, math.Min(threshold, thresholds-1.001))
	level = math.Max(0, math.Min(level-40, levels-1.001))
	row, column := int(threshold), int(level)
	a, b := threshold-float64(row), level-float64(column)
	low := t.at(age, band, row, column)*(1-b) + t.at(age, band, row, column+1)*b
	high := t.at(age, band, row+1, column)*(1-b) + t.at(age, band, row+1, column+1)*b
	return low*(1-a) + high*a
}

// Laboratory knows where the tables lie that the laboratory sends.
type Laboratory struct {
	folder string
}

// Prescription is the table that holds now.
func (l *Laboratory) Prescription() (*Table, error) {
	return LoadTable(filepath.Join(l.folder, "gains.tbl")) // <- cost
}

// Desk fits hearing aids.
type Desk struct {
	laboratory *Laboratory
	fitted     int64
	refused    int64
	spent      int64
}

func (d *Desk) ear(ear Ear, age int) (Fit, error) {
	var fit Fit
	if len(ear.Thresholds) != len(bands) {
		return fit, fmt.Errorf("%d thresholds, not %d", len(ear.Thresholds), len(bands))
	}
	table, err := d.laboratory.Prescription() // <- cost
	if err != nil {
		return fit, err
	}
	decade := age / 10
	if decade >= ages {
		decade = ages - 1
	}
	for band := range bands {
		for i, level := range speech {
			gain := table.Gain(decade, band, ear.Thresholds[band], level)
			if ear.Open && bands[band] < 1000 {
				gain *= float64(bands[band]) / 1000
			}
			fit.Gains[band][i] = math.Round(gain*10) / 10
			fit.Power += math.Pow(10, (level+gain)/10) * 1e-9
		}
	}
	return fit, nil
}

func (d *Desk) fit(out http.ResponseWriter, request *http.Request) {
	began := time.Now()
	var heard Audiogram
	if err := json.NewDecoder(http.MaxBytesReader(out, request.Body, 1<<16)).Decode(&heard); err != nil {
		atomic.AddInt64(&d.refused, 1)
		http.Error(out, err.Error(), http.StatusBadRequest)
		return
	}
	if heard.Age < 0 || heard.Age > 120 {
		atomic.AddInt64(&d.refused, 1)
		http.Error(out, "age", http.StatusBadRequest)
		return
	}
	fits := map[string]Fit{}
	for side, ear := range map[string]Ear{"left": heard.Left, "right": heard.Right} {
		fit, err := d.ear(ear, heard.Age)
		if err != nil {
			log.Print(err)
			http.Error(out, err.Error(), http.StatusInternalServerError)
			return
		}
		fits[side] = fit
	}
	out.Header().Set("Content-Type", "application/json")
	json.NewEncoder(out).Encode(fits)
	atomic.AddInt64(&d.fitted, 1)
	atomic.AddInt64(&d.spent, int64(time.Since(began)))
}

// deliver writes the table as the laboratory would.
func deliver(folder string) error {
	table := bytes.NewBufferString(magic)
	values := make([]float32, 0, thresholds*levels)
	for age := 0; age < ages; age++ {
		for _, band := range bands {
			values = values[:0]
			tilt := 1 - math.Abs(math.Log2(float64(band)/2000))/8
			for threshold := 0; threshold < thresholds; threshold++ {
				for level := 0; level < levels; level++ {
					gain := float64(threshold) * 0.46 * tilt * (1 - float64(level)/110) * (1 - float64(age)/60)
					values = append(values, float32(gain))
				}
			}
			if err := binary.Write(table, binary.LittleEndian, values); err != nil {
				return err
			}
		}
	}
	return os.WriteFile(filepath.Join(folder, "gains.tbl"), table.Bytes(), 0o644)
}

// booth is the other side: a booth in which someone's hearing is measured.
func booth(client *http.Client, address string) {
	for range time.Tick(time.Second * booths / rate) {
		heard := Audiogram{Age: rand.Intn(95), Left: Ear{Open: rand.Intn(2) == 0}}
		loss := rand.Float64() * 60
		for band := range bands {
			heard.Left.Thresholds = append(heard.Left.Thresholds, math.Round(loss+float64(band)*3))
			heard.Right.Thresholds = append(heard.Right.Thresholds, math.Round(loss+rand.Float64()*20))
		}
		body, _ := json.Marshal(heard)
		answer, err := client.Post("http://"+address+"/fittings", "application/json", bytes.NewReader(body))
		if err != nil {
			os.Exit(1)
		}
		io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
	}
}

func clinics(address string) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: booths}}
	for i := 0; i < booths; i++ {
		go booth(client, address)
		time.Sleep(time.Second / rate)
	}
	select {}
}

// outside starts a copy of this program which is nobody's child here.
func outside(words ...string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	line := append([]string{"-c", `"$0" "$@" >/dev/null 2>&1 </dev/null &`, self}, words...)
	return exec.Command("sh", line...).Run()
}

func main() {
	if len(os.Args) > 2 && os.Args[1] == "clinics" {
		clinics(os.Args[2])
	}
	if err := deliver("."); err != nil {
		log.Fatal(err)
	}
	desk := &Desk{laboratory: &Laboratory{folder: "."}}
	router := mux.NewRouter()
	router.HandleFunc("/fittings", desk.fit).Methods(http.MethodPost)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go http.Serve(listener, router)
	if err := outside("clinics", listener.Addr().String()); err != nil {
		log.Fatal(err)
	}
	for atomic.LoadInt64(&desk.fitted) < 100 {
		time.Sleep(50 * time.Millisecond)
	}
	fmt.Printf("ready %d\n", os.Getpid())
	for range time.Tick(10 * time.Second) {
		fitted := atomic.LoadInt64(&desk.fitted)
		each := float64(atomic.LoadInt64(&desk.spent)) / 1e6 / float64(fitted)
		log.Printf("%d fitted, %.3f ms each, %d refused", fitted, each, atomic.LoadInt64(&desk.refused))
	}
}
