// expect: pattern=pool-undersized bench
// Captures of doubloon cards: an HTTP service between the shops of the harbour and the acquiring bank. A shop asks to capture a
// sum; the desk's workers pass it on to the bank and tell the shop its answer. Some 90 captures a second.
//
// Measured: an answer takes 500 ms (median) here and 41 ms in the mended one.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	captureWorkers    = 2 // <- cost
	capturesPerSecond = 90
	shops             = 24
)

var errDeclined = errors.New("declined")

type capture struct {
	shop   string
	card   string
	cents  int
	result chan error
}

type bank struct {
	client  *http.Client
	address string
}

func newBank(port string) *bank {
	transport := &http.Transport{MaxIdleConnsPerHost: 64, IdleConnTimeout: time.Minute}
	return &bank{&http.Client{Transport: transport, Timeout: 5 * time.Second}, "http://127.0.0.1:" + port}
}

func (b *bank) capture(card string, cents int) error {
	answer, err := b.client.Get(fmt.Sprintf("%s/captures/%s/%d", b.address, card, cents))
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	var said struct {
		Price int `json:"price"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&said); err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		return err
	}
	if said.Price > 960 {
		return errDeclined
	}
	return nil
}

type totals struct {
	mutex    sync.Mutex
	cents    map[string]int
	declined int
}

func (t *totals) add(shop string, cents int, err error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if err != nil {
		t.declined++
		return
	}
	t.cents[shop] += cents
}

type desk struct {
	bank   *bank
	jobs   chan *capture
	totals totals
}

func newDesk(b *bank) *desk {
	d := &desk{bank: b, jobs: make(chan *capture)}
	d.totals.cents = map[string]int{}
	for i := 0; i < captureWorkers; i++ { // <- cost
		go d.work() // <- cost
	}
	return d
}

func (d *desk) work() {
	for job := range d.jobs {
		err := d.bank.capture(job.card, job.cents)
		d.totals.add(job.shop, job.cents, err)
		job.result <- err
	}
}

func (d *desk) submit(job *capture) error {
	d.jobs <- job // <- cost
	return <-job.result
}

func (d *desk) handleCapture(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	cents, err := strconv.Atoi(query.Get("cents"))
	if err != nil || cents <= 0 || query.Get("card") == "" {
		http.Error(w, "card and cents are needed", http.StatusBadRequest)
		return
	}
	job := &capture{query.Get("shop"), query.Get("card"), cents, make(chan error, 1)}
	verdict := "captured"
	switch err := d.submit(job); {
	case errors.Is(err, errDeclined):
		verdict = "declined"
	case err != nil:
		http.Error(w, "the bank does not answer", http.StatusBadGateway)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(map[string]string{"card": job.card, "verdict": verdict})
}

func (d *desk) handleTotals(w http.ResponseWriter, r *http.Request) {
	d.totals.mutex.Lock()
	defer d.totals.mutex.Unlock()
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(map[string]interface{}{"cents": d.totals.cents, "declined": d.totals.declined})
}

func startBank() string {
	command := exec.Command(os.Getenv("PYTHON"), os.Getenv("SERVICES"), "http", "40")
	out, err := command.StdoutPipe()
	if err != nil {
		panic(err)
	}
	if err := command.Start(); err != nil {
		panic(err)
	}
	port, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		panic(err)
	}
	command.Wait()
	return strings.TrimSpace(port)
}

func startShops(port int) {
	random := rand.New(rand.NewSource(1715))
	paths := make([]string, 600)
	for i := range paths {
		paths[i] = fmt.Sprintf("/capture?shop=s%d&card=c%05d&cents=%d", i%17, random.Intn(90000), 100+random.Intn(20000))
	}
	clients := filepath.Join(filepath.Dir(os.Getenv("SERVICES")), "clients.py")
	command := exec.Command(os.Getenv("PYTHON"), clients, "http", strconv.Itoa(port), strings.Join(paths, ","),
		strconv.Itoa(capturesPerSecond), strconv.Itoa(shops))
	if err := command.Run(); err != nil {
		panic(err)
	}
}

func main() {
	d := newDesk(newBank(startBank()))
	mux := http.NewServeMux()
	mux.HandleFunc("/capture", d.handleCapture)
	mux.HandleFunc("/totals", d.handleTotals)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go http.Serve(listener, mux)
	startShops(listener.Addr().(*net.TCPAddr).Port)
	time.Sleep(2 * time.Second)
	fmt.Println("ready", os.Getpid())
	select {}
}
