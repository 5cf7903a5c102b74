// bench: repaired twin of osprey_nestcams
// The intake of a network of osprey nest cameras: frames come by HTTP, motion frames are compared with the nest's last
// picture at once, stills go to the archive, which confirms them when it has stored them.
// Measured: 200 frames a second, stays at 10 MiB of resident memory.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"time"

	"github.com/gorilla/mux"
)

const frameSize = 20 << 10

type Frame struct {
	Upload string
	Nest   string
	Kind   string
	Taken  time.Time
	Image  []byte
}

type Nest struct {
	last    *Frame
	Frames  int     `json:"frames"`
	Motions int     `json:"motions"`
	Change  float64 `json:"change"`
}

type Intake struct {
	mu      sync.Mutex
	uploads int
	pending map[string]*Frame
	nests   map[string]*Nest
	archive chan *Frame
	stored  uint32
}

func NewIntake() *Intake {
	in := &Intake{pending: map[string]*Frame{}, nests: map[string]*Nest{}, archive: make(chan *Frame, 64)}
	go in.runArchive()
	return in
}

// accept reads a frame's picture and notes the upload, so that it can be sent to the archive again after a failure.
func (in *Intake) accept(nest, kind string, body io.Reader, size int64) (*Frame, error) {
	if size <= 0 || size > 1<<20 {
		return nil, fmt.Errorf("a frame of %d bytes", size)
	}
	image := make([]byte, size)
	if _, err := io.ReadFull(body, image); err != nil {
		return nil, err
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	in.uploads++
	frame := &Frame{Upload: fmt.Sprintf("%s-%08d", nest, in.uploads), Nest: nest, Kind: kind, Taken: time.Now(), Image: image}
	if kind == "still" {
		in.pending[frame.Upload] = frame
	}
	return frame, nil
}

func (in *Intake) confirm(upload string) {
	in.mu.Lock()
	delete(in.pending, upload)
	in.mu.Unlock()
}

func (in *Intake) runArchive() {
	for frame := range in.archive {
		in.stored = crc32.Update(in.stored, crc32.IEEETable, frame.Image)
		in.confirm(frame.Upload)
	}
}

// compare tells how much of the picture differs from the nest's last one.
func (in *Intake) compare(frame *Frame) float64 {
	in.mu.Lock()
	nest := in.nests[frame.Nest]
	if nest == nil {
		nest = &Nest{}
		in.nests[frame.Nest] = nest
	}
	last := nest.last
	nest.last = frame
	nest.Frames++
	in.mu.Unlock()
	if last == nil || len(last.Image) != len(frame.Image) {
		return 0
	}
	differ := 0
	for i := 0; i < len(frame.Image); i += 4 {
		if d := int(frame.Image[i]) - int(last.Image[i]); d > 12 || d < -12 {
			differ++
		}
	}
	return float64(differ*4) / float64(len(frame.Image))
}

func (in *Intake) post(w http.ResponseWriter, r *http.Request) {
	nest, kind := mux.Vars(r)["nest"], r.Header.Get("X-Frame-Kind")
	frame, err := in.accept(nest, kind, r.Body, r.ContentLength)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	change := in.compare(frame)
	in.mu.Lock()
	in.nests[nest].Change = change
	if kind == "motion" && change > 0.05 {
		in.nests[nest].Motions++
	}
	in.mu.Unlock()
	if kind == "still" {
		in.archive <- frame
	}
	w.WriteHeader(http.StatusAccepted)
	fmt.Fprintf(w, `{"upload": %q}`, frame.Upload)
}

func (in *Intake) status(w http.ResponseWriter, r *http.Request) {
	in.mu.Lock()
	defer in.mu.Unlock()
	nest := in.nests[mux.Vars(r)["nest"]]
	if nest == nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(nest)
}

// cameras sends 20 frames a second for each of ten nests: one still, the others motion.
func cameras(port string) {
	var all sync.WaitGroup
	for n := 0; n < 10; n++ {
		all.Add(1)
		go func(n int) {
			defer all.Done()
			image := make([]byte, frameSize)
			url := fmt.Sprintf("http://127.0.0.1:%s/nests/nest%d/frames", port, n)
			tick := time.NewTicker(50 * time.Millisecond)
			for number := 0; ; number++ {
				<-tick.C
				for i := number % 7; i < frameSize; i += 7 + n {
					image[i] += byte(number)
				}
				request, _ := http.NewRequest("POST", url, bytes.NewReader(image))
				request.Header.Set("X-Frame-Kind", map[bool]string{true: "still", false: "motion"}[number%20 == 0])
				answer, err := http.DefaultClient.Do(request)
				if err != nil {
					os.Exit(0)
				}
				io.Copy(io.Discard, answer.Body)
				answer.Body.Close()
			}
		}(n)
	}
	all.Wait()
}

func main() {
	if len(os.Args) > 2 && os.Args[1] == "cameras" {
		http.DefaultTransport.(*http.Transport).MaxIdleConnsPerHost = 16
		cameras(os.Args[2])
		return
	}
	in := NewIntake()
	router := mux.NewRouter()
	router.HandleFunc("/nests/{nest}/frames", in.post).Methods("POST")
	router.HandleFunc("/nests/{nest}", in.status).Methods("GET")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	port := strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
	if err := exec.Command("sh", "-c", `"$0" cameras "$1" >/dev/null 2>&1 &`, os.Args[0], port).Run(); err != nil {
		panic(err)
	}
	fmt.Println("ready")
	panic(http.Serve(listener, router))
}
