// expect: healthy bench
// Field geophysics: crews post the electrode line that they have just measured and get a section of the ground's
// resistivity back; a section that is not ready within the time that the crew waits is answered with a coarse estimate.
// Measured: resident memory grew by about 3 MB a second at 80 lines a second (12 to 29 MB in 6 s); the twin stayed at
// 11 MB.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

const (
	columns  = 128
	rows     = 64
	patience = 25 * time.Millisecond
)

var errLate = errors.New("the section is not ready")

// Section is a grid of resistivities below one electrode line.
type Section struct {
	Line  int
	Cells []float64
	Steps int
}

// Summary is what a crew sees on its tablet.
type Summary struct {
	Line   int       `json:"line"`
	Depths []float64 `json:"depths"`
	Coarse bool      `json:"coarse"`
	Steps  int       `json:"steps"`
}

// Surveyor inverts the lines of one site.
type Surveyor struct {
	background float64
	answered   int64
	late       int64
	gate       chan struct{}
}

func apparent(line, column int) float64 {
	return 80 + 40*math.Sin(float64(line*7+column)/9) + 15*math.Cos(float64(column)/3)
}

// relax takes one step of the inversion, and tells by how much the section changed.
func relax(cells []float64, line int) float64 {
	change := 0.0
	for r := 1; r < rows; r++ {
		for c := 1; c < columns-1; c++ {
			at := r*columns + c
			near := (cells[at-1] + cells[at+1] + cells[at-columns]) / 3
			next := 0.7*near + 0.3*apparentRow[(line+c)%len(apparentRow)]
			change += math.Abs(next - cells[at])
			cells[at] = next
		}
	}
	return change / float64(rows*columns)
}

var apparentRow = func() []float64 {
	row := make([]float64, 997)
	for i := range row {
		row[i] = apparent(i/columns, i%columns)
	}
	return row
}()

func (s *Surveyor) invert(line int) *Section {
	section := &Section{Line: line, Cells: make([]float64, rows*columns)}
	for c := 0; c < columns; c++ {
		section.Cells[c] = s.background
	}
	s.gate <- struct{}{}
	for section.Steps = 0; section.Steps < 24; section.Steps++ {
		if relax(section.Cells, line) < 1e-6 {
			break
		}
	}
	<-s.gate
	if line%5 < 2 { // clayey ground: the logger sends its second half, with reversed current, later
		time.Sleep(2 * patience)
		relax(section.Cells, line)
	}
	return section
}

func (s *Surveyor) sectionOf(line int, wait time.Duration) (*Section, error) {
	ready := make(chan *Section, 1)
	go func() {
		ready <- s.invert(line)
	}()
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case section := <-ready:
		return section, nil
	case <-timer.C:
		return nil, errLate
	}
}

func (s *Surveyor) coarse(line int) Summary {
	depths := make([]float64, rows/8)
	for d := range depths {
		depths[d] = apparentRow[(line+d*16)%len(apparentRow)]
	}
	return Summary{Line: line, Depths: depths, Coarse: true}
}

func (s *Surveyor) summary(line int) Summary {
	section, err := s.sectionOf(line, patience)
	if err != nil {
		atomic.AddInt64(&s.late, 1)
		return s.coarse(line)
	}
	depths := make([]float64, 0, rows/8)
	for r := 0; r < rows; r += 8 {
		sum := 0.0
		for _, value := range section.Cells[r*columns : (r+1)*columns] {
			sum += value
		}
		depths = append(depths, math.Round(sum/columns*100)/100)
	}
	return Summary{Line: line, Depths: depths, Steps: section.Steps}
}

func (s *Surveyor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	line, err := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/lines/"))
	if err != nil || line < 0 {
		http.Error(w, "which line?", http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(s.summary(line)); err == nil {
		atomic.AddInt64(&s.answered, 1)
	}
}

func sendCrews(port int) error {
	clients := filepath.Join(filepath.Dir(os.Getenv("SERVICES")), "clients.py")
	paths := make([]string, 100)
	for i := range paths {
		paths[i] = fmt.Sprintf("/lines/%d", i)
	}
	return exec.Command(os.Getenv("PYTHON"), clients, "http", strconv.Itoa(port), strings.Join(paths, ","), "80", "12").Run()
}

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	surveyor := &Surveyor{background: 100, gate: make(chan struct{}, 2)}
	if err := sendCrews(listener.Addr().(*net.TCPAddr).Port); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Printf("ready %d\n", os.Getpid())
	fmt.Fprintln(os.Stderr, http.Serve(listener, surveyor))
}
