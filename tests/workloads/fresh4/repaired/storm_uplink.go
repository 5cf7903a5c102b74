// expect: healthy bench
// Takes what lightning detectors report, works out where the lightning struck, and sends it on to a national archive.
// Measured: 400 strikes a second, which are all that come; 50 in the twin that has the problem.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"math"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"time"
)

const (
	perSecond = 400
	attempts  = 4
)

type report struct {
	number  int
	arrived [5]float64 // milliseconds at each detector
}

type strike struct {
	Number int     `json:"number"`
	X      float64 `json:"x"`
	Y      float64 `json:"y"`
	Error  float64 `json:"error"`
}

var detectors = [5][2]float64{{0, 0}, {300, 20}, {40, 280}, {310, 330}, {150, 160}}

const speed = 299.8 // km in a millisecond

// locate goes down to where the times fit best.
func locate(r report) strike {
	x, y, step := 150.0, 150.0, 64.0
	misfit := func(x, y float64) float64 {
		sum, first := 0.0, math.Hypot(x-detectors[0][0], y-detectors[0][1])/speed
		for i := 1; i < len(detectors); i++ {
			takes := math.Hypot(x-detectors[i][0], y-detectors[i][1]) / speed
			d := (r.arrived[i] - r.arrived[0]) - (takes - first)
			sum += d * d
		}
		return sum
	}
	best := misfit(x, y)
	for step > 0.05 {
		moved := false
		for _, d := range [4][2]float64{{step, 0}, {-step, 0}, {0, step}, {0, -step}} {
			if m := misfit(x+d[0], y+d[1]); m < best {
				x, y, best, moved = x+d[0], y+d[1], m, true
			}
		}
		if !moved {
			step /= 2
		}
	}
	return strike{r.number, x, y, math.Sqrt(best)}
}

// archive is the national one.
type archive struct {
	url    string
	client *http.Client
}

var errUnable = errors.New("the archive is unable")

func (a *archive) post(body []byte) error {
	answer, err := a.client.Post(a.url, "application/json", bytes.NewReader(body))
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		return err
	}
	if answer.StatusCode >= 500 {
		return fmt.Errorf("%w: %s", errUnable, answer.Status)
	}
	return nil
}

// breaker lets nobody through for a while when the archive was unable a few times.
type breaker struct {
	failures int
	until    time.Time
}

func (b *breaker) allows(now time.Time) bool { return now.After(b.until) }

func (b *breaker) failed(now time.Time) {
	if b.failures++; b.failures >= attempts {
		b.until = now.Add(5 * time.Second)
	}
}

// uplink sends strikes on; what cannot be sent is spooled, and fetched by hand.
type uplink struct {
	archive       *archive
	spool         *os.File
	breaker       breaker
	sent, spooled int64
}

func (u *uplink) send(s strike) error {
	body, err := json.Marshal(s)
	if err != nil {
		return err
	}
	for try := 1; try <= attempts && u.breaker.allows(time.Now()); try++ {
		if err = u.archive.post(body); err == nil {
			u.breaker.failures = 0
			atomic.AddInt64(&u.sent, 1)
			return nil
		}
		u.breaker.failed(time.Now())
		time.Sleep(time.Duration(try) * time.Millisecond)
	}
	if at, _ := u.spool.Seek(0, io.SeekCurrent); at > 8<<20 {
		u.spool.Seek(0, io.SeekStart) // the oldest are overwritten
	}
	_, err = u.spool.Write(append(body, '\n'))
	atomic.AddInt64(&u.spooled, 1)
	return err
}

// listen gives the reports of the detectors; what nobody takes in time is lost.
func listen(to chan<- report, lost *int64) {
	ticks := time.NewTicker(10 * time.Millisecond)
	for n := 0; ; {
		<-ticks.C
		for i := 0; i < perSecond/100; i++ {
			n++
			x, y := float64(n*31%300), float64(n*17%320)
			r := report{number: n}
			for k, d := range detectors {
				r.arrived[k] = math.Hypot(x-d[0], y-d[1])/speed + float64(n*k%7)*1e-5
			}
			select {
			case to <- r:
			default:
				atomic.AddInt64(lost, 1)
			}
		}
	}
}

func main() {
	starts := exec.Command(os.Getenv("PYTHON"), os.Getenv("SERVICES"), "unable")
	starts.Stderr = os.Stderr
	port, err := starts.Output()
	if err != nil {
		log.Fatal(err)
	}
	spool, err := os.Create("spool.jsonl")
	if err != nil {
		log.Fatal(err)
	}
	file, err := os.Create("uplink.log")
	if err != nil {
		log.Fatal(err)
	}
	diary := log.New(file, "", log.Ltime)
	address := "http://127.0.0.1:" + strings.TrimSpace(string(port)) + "/strikes"
	line := &uplink{archive: &archive{address, &http.Client{Timeout: time.Second}}, spool: spool}
	reports := make(chan report, 200)
	var lost int64
	go listen(reports, &lost)
	began := time.Now()
	go func() {
		for range time.Tick(time.Second) {
			sent, spooled := atomic.LoadInt64(&line.sent), atomic.LoadInt64(&line.spooled)
			rate := float64(sent+spooled) / time.Since(began).Seconds()
			diary.Printf("%.0f strikes a second, %d sent, %d spooled, %d lost", rate, sent, spooled, atomic.LoadInt64(&lost))
		}
	}()
	fmt.Println("ready", os.Getpid())
	for r := range reports {
		if err := line.send(locate(r)); err != nil {
			diary.Print(err)
		}
	}
}
