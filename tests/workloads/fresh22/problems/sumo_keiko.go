// expect: pattern=uncompressed-transfer bench
// The keiko archive of a sumo association: force plates below the practice rings record every training bout, and the
// coaches of the stables load the bouts of the fortnight into their tablets, over the lines of the villages.
//
// Measured: A sheet is 1320 kB and keeps the handler 1.75 s, in the twin 191 kB and 0.06 s; 2.5 sheets a second.
// CPU 0.4 % of a core, in the twin 0.5 %.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/gorilla/mux"
)

const (
	bouts   = 6000   // of a stable in a fortnight
	line    = 700000 // bytes a second that a village's line carries
	coaches = 10
	pause   = 4 * time.Second
)

var stables = []string{"takasago", "isegahama", "sadogatake", "oitekaze", "kokonoe"}
var winning = []string{"yorikiri", "oshidashi", "hatakikomi", "uwatenage", "tsukiotoshi", "okuridashi", "shitatenage"}

var errNoStable = errors.New("no such stable")

type Bout struct {
	Number     int       `json:"number"`
	Fought     time.Time `json:"fought"`
	East       string    `json:"east"`
	West       string    `json:"west"`
	Winner     string    `json:"winner"`
	Technique  string    `json:"technique"`
	Seconds    float64   `json:"seconds"`
	Newtons    [6]int    `json:"plate_newtons"`
	FalseStart bool      `json:"false_start"`
}

// Sheet is what a coach gets: the bouts of a stable as they stand in the archive now.
type Sheet struct {
	body    []byte
	etag    string
	version int
}

// Archive keeps the bouts of each stable, and their sheet until the next bout is fought.
type Archive struct {
	mutex  sync.Mutex
	bouts  map[string][]Bout
	fought map[string]int
	sheets map[string]*Sheet
}

func wrestler(stable string, number int) string {
	return fmt.Sprintf("%s%s %d", strings.ToUpper(stable[:1]), stable[1:], number)
}

func bout(stable string, number int) Bout {
	east, west := rand.Intn(24), rand.Intn(24)
	fought := Bout{
		Number:     number,
		Fought:     time.Now().Add(time.Duration(number-bouts) * 288 * time.Second).Truncate(time.Second),
		East:       wrestler(stable, east),
		West:       wrestler(stable, west),
		Technique:  winning[rand.Intn(len(winning))],
		Seconds:    float64(rand.Intn(400)) / 10,
		FalseStart: rand.Intn(30) == 0,
	}
	fought.Winner = fought.East
	if rand.Intn(2) == 0 {
		fought.Winner = fought.West
	}
	for i := range fought.Newtons {
		fought.Newtons[i] = 900 + rand.Intn(2600)
	}
	return fought
}

// Add notes a bout, and lets the oldest go.
func (a *Archive) Add(stable string) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	kept := a.bouts[stable]
	copy(kept, kept[1:])
	a.fought[stable]++
	kept[len(kept)-1] = bout(stable, a.fought[stable])
}

func (a *Archive) snapshot(stable string) ([]Bout, int, error) {
	kept, known := a.bouts[stable]
	if !known {
		return nil, 0, errNoStable
	}
	return kept, a.fought[stable], nil
}

// Sheet renders the bouts of a stable, if one was fought since it was last asked for.
func (a *Archive) Sheet(stable string) (*Sheet, error) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	kept, version, err := a.snapshot(stable)
	if err != nil {
		return nil, err
	}
	if sheet := a.sheets[stable]; sheet != nil && sheet.version == version {
		return sheet, nil
	}
	body, err := json.Marshal(map[string]interface{}{"stable": stable, "version": version, "bouts": kept})
	if err != nil {
		return nil, err
	}
	sheet := &Sheet{body: body, etag: fmt.Sprintf(`"%s-%d"`, stable, version), version: version}
	a.sheets[stable] = sheet
	return sheet, nil
}

type API struct {
	archive *Archive
	served  int64
	bytes   int64
	spent   int64
}

func (a *API) sheet(out http.ResponseWriter, request *http.Request) {
	began := time.Now()
	sheet, err := a.archive.Sheet(mux.Vars(request)["stable"])
	if err == errNoStable {
		http.NotFound(out, request)
		return
	}
	if err != nil {
		http.Error(out, err.Error(), http.StatusInternalServerError)
		return
	}
	out.Header().Set("ETag", sheet.etag)
	if request.Header.Get("If-None-Match") == sheet.etag {
		out.WriteHeader(http.StatusNotModified)
		return
	}
	out.Header().Set("Content-Type", "application/json")
	out.Header().Set("Content-Length", fmt.Sprint(len(sheet.body)))
	wrote, err := out.Write(sheet.body) // <- cost
	if err != nil {
		log.Printf("%s: %v", request.RemoteAddr, err)
		return
	}
	atomic.AddInt64(&a.served, 1)
	atomic.AddInt64(&a.bytes, int64(wrote))
	atomic.AddInt64(&a.spent, int64(time.Since(began)))
}

// Lines accepts the coaches' lines, and keeps little of an answer in the kernel: many of them hang up half-way.
type Lines struct {
	*net.TCPListener
}

func (l Lines) Accept() (net.Conn, error) {
	accepted, err := l.AcceptTCP()
	if err != nil {
		return nil, err
	}
	return accepted, accepted.SetWriteBuffer(64 << 10)
}

// thin reads what comes at the rate that the line carries.
type thin struct {
	from net.Conn
}

func (t thin) Read(into []byte) (int, error) {
	if len(into) > 16384 {
		into = into[:16384]
	}
	got, err := t.from.Read(into)
	time.Sleep(time.Duration(got) * time.Second / line)
	return got, err
}

// coach is the other side: a tablet in a village that loads the sheet of its stable every few seconds.
func coach(address, stable string) {
	small := func(_, _ string, raw syscall.RawConn) error {
		return raw.Control(func(fd uintptr) { syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 32768) })
	}
	conn, err := (&net.Dialer{Control: small}).Dial("tcp", address)
	if err != nil {
		log.Fatal(err)
	}
	incoming := bufio.NewReaderSize(thin{conn}, 16384)
	for range time.Tick(pause) {
		fmt.Fprintf(conn, "GET /stables/%s/bouts HTTP/1.1\r\nHost: %s\r\nAccept-Encoding: gzip\r\n\r\n", stable, address)
		answer, err := http.ReadResponse(incoming, nil)
		if err != nil {
			log.Fatal(err)
		}
		io.Copy(io.Discard, answer.Body)
	}
}

func villages(address string) {
	for i := 0; i < coaches; i++ {
		go coach(address, stables[i%len(stables)])
		time.Sleep(pause / coaches)
	}
	select {}
}

// outside starts a copy of this program which is nobody's child here.
func outside(words ...string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	shell := append([]string{"-c", `"$0" "$@" >/dev/null 2>&1 </dev/null &`, self}, words...)
	return exec.Command("sh", shell...).Run()
}

// here is the address of this machine that the villages use.
func here() string {
	asked, err := net.Dial("udp", "192.0.2.1:9") // (sends nothing)
	if err != nil {
		return "127.0.0.1"
	}
	defer asked.Close()
	return asked.LocalAddr().(*net.UDPAddr).IP.String()
}

func main() {
	if len(os.Args) > 2 && os.Args[1] == "villages" {
		villages(os.Args[2])
	}
	archive := &Archive{bouts: map[string][]Bout{}, fought: map[string]int{}, sheets: map[string]*Sheet{}}
	for _, stable := range stables {
		for number := 1; number <= bouts; number++ {
			archive.bouts[stable] = append(archive.bouts[stable], bout(stable, number))
		}
		archive.fought[stable] = bouts
	}
	api := &API{archive: archive}
	router := mux.NewRouter()
	router.HandleFunc("/stables/{stable}/bouts", api.sheet).Methods(http.MethodGet)
	address, err := net.ResolveTCPAddr("tcp", here()+":0")
	if err != nil {
		log.Fatal(err)
	}
	listener, err := net.ListenTCP("tcp", address)
	if err != nil {
		log.Fatal(err)
	}
	server := &http.Server{Handler: router, WriteTimeout: time.Minute}
	go server.Serve(Lines{listener})
	if err := outside("villages", listener.Addr().String()); err != nil {
		log.Fatal(err)
	}
	for atomic.LoadInt64(&api.served) < 4 {
		time.Sleep(50 * time.Millisecond)
	}
	fmt.Printf("ready %d\n", os.Getpid())
	for second := 1; ; second++ {
		time.Sleep(time.Second)
		if second%6 == 0 {
			archive.Add(stables[rand.Intn(len(stables))])
		}
		if second%10 == 0 {
			served, sent := atomic.LoadInt64(&api.served), atomic.LoadInt64(&api.bytes)
			each := float64(atomic.LoadInt64(&api.spent)) / 1e6 / float64(served)
			log.Printf("%d sheets of %d bytes, %.0f ms each", served, sent/served, each)
		}
	}
}
