// expect: pattern=sync-write bench
// Tallies of a toad patrol: volunteers carry amphibians over the roads on wet nights, write each bucket down on their
// phones, and send what they have every quarter of an hour; each crossing has a journal that must survive a power cut,
// since an upload that was answered is deleted from the phone. A page tells the totals of a crossing.
//
// Measured: an upload takes 29.7 ms, in the twin 1.0 ms (30 waits for the disk of 1 ms, or one); 16 uploads a second.
// CPU 5 % of a core, in the twin 0.7 %.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"log"
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
	crossings  = 6
	journalMax = 4 << 20
	uploadMax  = 64 << 10
)

var species = []string{"bufo", "rana", "triturus", "lissotriton", "salamandra"}

// A Tally is what one bucket held.
type Tally struct {
	Minute  int
	Species string
	Sex     byte
	Count   int
	Dead    bool
}

func parseTally(line string) (Tally, error) {
	parts := strings.Split(line, ";")
	if len(parts) != 5 || len(parts[2]) != 1 {
		return Tally{}, fmt.Errorf("tally %q", line)
	}
	minute, err := strconv.Atoi(parts[0])
	if err != nil {
		return Tally{}, err
	}
	count, err := strconv.Atoi(parts[3])
	if err != nil {
		return Tally{}, err
	}
	for _, known := range species {
		if known == parts[1] {
			return Tally{minute, known, parts[2][0], count, parts[4] == "dead"}, nil
		}
	}
	return Tally{}, fmt.Errorf("species %q", parts[1])
}

// A Journal keeps the tallies of a crossing on disk, one a line with a checksum.
type Journal struct {
	path  string
	file  *os.File
	out   *bufio.Writer
	size  int
	line  []byte
	wrote int64
}

func openJournal(path string) (*Journal, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	return &Journal{path: path, file: file, out: bufio.NewWriterSize(file, 16<<10)}, nil
}

func (j *Journal) Append(volunteer string, t Tally) error {
	j.line = j.line[:0]
	j.line = append(j.line, volunteer...)
	j.line = append(j.line, ';')
	j.line = strconv.AppendInt(j.line, int64(t.Minute), 10)
	j.line = append(j.line, ';')
	j.line = append(j.line, t.Species...)
	j.line = append(j.line, ';', t.Sex, ';')
	j.line = strconv.AppendInt(j.line, int64(t.Count), 10)
	j.line = append(j.line, ';')
	j.line = strconv.AppendBool(j.line, t.Dead)
	sum := crc32.ChecksumIEEE(j.line)
	j.line = append(j.line, ';')
	j.line = strconv.AppendUint(j.line, uint64(sum), 16)
	j.line = append(j.line, '\n')
	if _, err := j.out.Write(j.line); err != nil {
		return err
	}
	j.size += len(j.line)
	j.wrote++
	return j.Commit() // <- cost
}

// Commit returns when all that was appended is on the disk.
func (j *Journal) Commit() error {
	if err := j.out.Flush(); err != nil {
		return err
	}
	if err := j.file.Sync(); err != nil { // <- cost
		return err
	}
	if j.size < journalMax {
		return nil
	}
	return j.rotate()
}

func (j *Journal) rotate() error {
	if err := os.Rename(j.path, j.path+".old"); err != nil {
		return err
	}
	next, err := openJournal(j.path)
	if err != nil {
		return err
	}
	j.file.Close()
	j.file, j.out, j.size = next.file, next.out, 0
	return nil
}

type Crossing struct {
	mutex   sync.Mutex
	journal *Journal
	totals  map[string]int
	dead    int
	latest  int
}

// Enter journals the tallies of an upload, and counts them.
func (c *Crossing) Enter(volunteer string, tallies []Tally) error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	for _, tally := range tallies {
		if err := c.journal.Append(volunteer, tally); err != nil { // <- cost
			return err
		}
	}
	for _, tally := range tallies {
		c.totals[tally.Species+string(rune(tally.Sex))] += tally.Count
		if tally.Dead {
			c.dead += tally.Count
		}
		if tally.Minute > c.latest {
			c.latest = tally.Minute
		}
	}
	return nil
}

func (c *Crossing) Summary() map[string]int {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	summary := map[string]int{"dead": c.dead, "latest": c.latest}
	for kind, count := range c.totals {
		summary[kind] = count
	}
	return summary
}

type Patrol struct {
	crossings [crossings]*Crossing
	uploads   int64
	spent     int64
}

func (p *Patrol) crossing(path string) (*Crossing, error) {
	number, err := strconv.Atoi(strings.TrimPrefix(path, "/crossings/"))
	if err != nil || number < 0 || number >= crossings {
		return nil, errors.New("no such crossing")
	}
	return p.crossings[number], nil
}

func (p *Patrol) upload(crossing *Crossing, volunteer string, body io.Reader) (int, error) {
	began := time.Now()
	var tallies []Tally
	lines := bufio.NewScanner(body)
	for lines.Scan() {
		tally, err := parseTally(lines.Text())
		if err != nil {
			return http.StatusBadRequest, err
		}
		tallies = append(tallies, tally)
	}
	if err := lines.Err(); err != nil {
		return http.StatusBadRequest, err
	}
	if err := crossing.Enter(volunteer, tallies); err != nil {
		return http.StatusInternalServerError, err
	}
	atomic.AddInt64(&p.uploads, 1)
	atomic.AddInt64(&p.spent, int64(time.Since(began)))
	return http.StatusNoContent, nil
}

func (p *Patrol) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	crossing, err := p.crossing(r.URL.Path)
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	switch r.Method {
	case http.MethodPost:
		status, err := p.upload(crossing, r.Header.Get("X-Volunteer"), http.MaxBytesReader(w, r.Body, uploadMax))
		if err != nil {
			http.Error(w, err.Error(), status)
			return
		}
		w.WriteHeader(status)
	case http.MethodGet:
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(crossing.Summary())
	default:
		http.Error(w, "only GET and POST", http.StatusMethodNotAllowed)
	}
}

// volunteers send their buckets, and look at the totals now and then; they are a process of their own.
func volunteers(address string) {
	client := &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 16}}
	send := func(number int) {
		url := fmt.Sprintf("http://%s/crossings/%d", address, number%crossings)
		var body bytes.Buffer
		for i := 20 + rand.Intn(20); i > 0; i-- {
			state := []string{"alive", "alive", "alive", "dead"}[rand.Intn(4)]
			kind := species[rand.Intn(len(species))]
			fmt.Fprintf(&body, "%d;%s;%c;%d;%s\n", number%1440, kind, "mfu"[rand.Intn(3)], 1+rand.Intn(30), state)
		}
		request, _ := http.NewRequest(http.MethodPost, url, &body)
		request.Header.Set("X-Volunteer", fmt.Sprintf("v%d", number%40))
		response, err := client.Do(request)
		if err == nil && number%4 == 0 {
			response.Body.Close()
			response, err = client.Get(url)
		}
		if err == nil {
			io.Copy(io.Discard, response.Body)
			response.Body.Close()
		}
	}
	places := make(chan struct{}, 12)
	number := 0
	for range time.Tick(time.Second / 16) {
		number++
		select {
		case places <- struct{}{}:
			go func(number int) { send(number); <-places }(number)
		default: // nobody is free
		}
	}
}

func main() {
	if len(os.Args) == 3 && os.Args[1] == "volunteers" {
		volunteers(os.Args[2])
		return
	}
	patrol := &Patrol{}
	for i := range patrol.crossings {
		journal, err := openJournal(fmt.Sprintf("crossing%d.journal", i))
		if err != nil {
			log.Fatal(err)
		}
		patrol.crossings[i] = &Crossing{journal: journal, totals: make(map[string]int)}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go func() { log.Fatal(http.Serve(listener, patrol)) }()
	self, err := os.Executable()
	if err != nil {
		log.Fatal(err)
	}
	start := exec.Command("sh", "-c", `"$0" volunteers "$1" >/dev/null 2>&1 &`, self, listener.Addr().String())
	if err := start.Run(); err != nil {
		log.Fatal(err)
	}
	time.Sleep(time.Second)
	fmt.Printf("ready %d\n", os.Getpid())
	for range time.Tick(10 * time.Second) {
		uploads := atomic.LoadInt64(&patrol.uploads)
		log.Printf("%d uploads, %.2f ms each", uploads, float64(atomic.LoadInt64(&patrol.spent))/1e6/float64(uploads))
	}
}
