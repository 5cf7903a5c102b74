// expect: healthy bench
// Intake of the frost alarms of cranberry bogs: stations post their readings over HTTP, a bounded queue holds them, a
// few workers judge them, and a journal is kept in batches. Growers wait for the alarms of their bog with long polls.
// A server under a moderate load.
package main

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"time"
)

const (
	bogs    = 24
	workers = 2
	queued  = 1024
)

type Reading struct {
	bog     int
	station int
	degrees float64
	at      time.Time
}

type Alarm struct {
	Bog      int     `json:"bog"`
	Sequence int     `json:"sequence"`
	Degrees  float64 `json:"degrees"`
	Frost    bool    `json:"frost"`
}

// Bog keeps a moving mean, and wakes those who wait when its state changes.
type Bog struct {
	mutex   sync.Mutex
	mean    float64
	alarm   Alarm
	changed chan struct{}
}

func (b *Bog) take(reading Reading) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.mean += (reading.degrees - b.mean) * 0.1
	frost := b.alarm.Frost
	switch {
	case b.mean < -0.5:
		frost = true
	case b.mean > 0.5:
		frost = false
	}
	if frost == b.alarm.Frost {
		return
	}
	b.alarm.Frost, b.alarm.Degrees = frost, b.mean
	b.alarm.Sequence++
	close(b.changed)
	b.changed = make(chan struct{})
}

func (b *Bog) state() (Alarm, <-chan struct{}) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.alarm, b.changed
}

type Intake struct {
	bogs    [bogs]*Bog
	queue   chan Reading
	journal chan Reading
}

func newIntake() *Intake {
	intake := &Intake{queue: make(chan Reading, queued), journal: make(chan Reading, queued)}
	for n := range intake.bogs {
		intake.bogs[n] = &Bog{alarm: Alarm{Bog: n}, changed: make(chan struct{})}
	}
	return intake
}

func (in *Intake) work() {
	for reading := range in.queue {
		in.bogs[reading.bog].take(reading)
		in.journal <- reading
	}
}

func (in *Intake) write(file *os.File) {
	buffered := bufio.NewWriterSize(file, 64<<10)
	flush := time.NewTicker(time.Second)
	record := make([]byte, 0, 32)
	size := 0
	for {
		select {
		case reading := <-in.journal:
			record = binary.BigEndian.AppendUint64(record[:0], uint64(reading.at.UnixMilli()))
			record = binary.BigEndian.AppendUint32(record, uint32(reading.bog))
			record = binary.BigEndian.AppendUint32(record, uint32(reading.station))
			record = binary.BigEndian.AppendUint32(record, uint32(int32(reading.degrees*1000)))
			buffered.Write(record)
			size += len(record)
		case <-flush.C:
			buffered.Flush()
			if size > 32<<20 { // the old part has been shipped
				file.Truncate(0)
				file.Seek(0, 0)
				size = 0
			}
		}
	}
}

func (in *Intake) reading(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	bog, err := strconv.Atoi(query.Get("bog"))
	if err != nil || bog < 0 || bog >= bogs {
		http.Error(w, "no such bog", http.StatusNotFound)
		return
	}
	station, _ := strconv.Atoi(query.Get("station"))
	now := time.Now()
	night := float64(now.UnixMilli()%8000)/1000 - 4 // the bench's nights are short
	select {
	case in.queue <- Reading{bog, station, night + float64(station%5)*0.1, now}:
		w.WriteHeader(http.StatusAccepted)
	default:
		http.Error(w, "busy", http.StatusServiceUnavailable)
	}
}

func (in *Intake) alarms(w http.ResponseWriter, r *http.Request) {
	bog, err := strconv.Atoi(r.URL.Query().Get("bog"))
	if err != nil || bog < 0 || bog >= bogs {
		http.Error(w, "no such bog", http.StatusNotFound)
		return
	}
	_, changed := in.bogs[bog].state()
	deadline := time.NewTimer(5 * time.Second)
	defer deadline.Stop()
	select {
	case <-changed:
	case <-deadline.C:
	case <-r.Context().Done():
		return
	}
	alarm, _ := in.bogs[bog].state()
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(alarm)
}

// outside starts customers, in a process that is not a child of this one.
func outside(port int, paths string, rate, customers int) error {
	clients := filepath.Join(filepath.Dir(os.Getenv("SERVICES")), "clients.py")
	return exec.Command(os.Getenv("PYTHON"), clients, "http", strconv.Itoa(port), paths, strconv.Itoa(rate), strconv.Itoa(customers)).Run()
}

func main() {
	file, err := os.Create("journal.bin")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	intake := newIntake()
	for n := 0; n < workers; n++ {
		go intake.work()
	}
	go intake.write(file)
	http.HandleFunc("/readings", intake.reading)
	http.HandleFunc("/alarms", intake.alarms)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	port := listener.Addr().(*net.TCPAddr).Port
	readings, alarms := "", ""
	for n := 0; n < bogs; n++ {
		readings += fmt.Sprintf(",/readings?bog=%d&station=%d", n, n*7)
		alarms += fmt.Sprintf(",/alarms?bog=%d", n)
	}
	go func() {
		time.Sleep(200 * time.Millisecond)
		if outside(port, readings[1:], 900, 8) != nil || outside(port, alarms[1:], 60, 30) != nil {
			os.Exit(1)
		}
		time.Sleep(2 * time.Second)
		fmt.Println("ready", os.Getpid())
	}()
	fmt.Fprintln(os.Stderr, http.Serve(listener, nil))
}
