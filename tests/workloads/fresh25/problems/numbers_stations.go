// expect: pattern=connection-per-request bench
// Takes what listeners hear from numbers stations (five figures a group, read out by a voice on short wave), scores
// whether a group fits the station's habits, and hands each that does to the club's archive over HTTPS, which answers
// with a receipt. Once in five seconds it writes which stations were heard.
//
// Measured: 420 groups a second; the archive keeps one in 2.6 to 3.3 ms, in the twin in 0.42 ms; CPU 19 % of a core, in
// the twin 2.7 %.
package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	stations  = 40
	listeners = 4
	rate      = 420 // groups a second
)

// Heard is one group, as a listener noted it.
type Heard struct {
	Station  int    `json:"station"`
	Listener string `json:"listener"`
	Group    string `json:"group"`
	Strength int    `json:"strength"`
}

// Habits counts which figure a station says in which place.
type Habits struct {
	mutex  sync.Mutex
	counts [stations][5][10]int
	heard  [stations]int
}

// Note adds the group, and tells how usual it is for the station: 1 for one like the mean of all.
func (h *Habits) Note(station int, group string) float64 {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	score := 1.0
	for place := 0; place < len(group); place++ {
		count := &h.counts[station][place][group[place]-'0']
		score *= float64(*count+1) * 10 / float64(h.heard[station]+10)
		*count++
	}
	h.heard[station]++
	return score
}

// Loudest are the stations that were heard most.
func (h *Habits) Loudest(number int) []string {
	h.mutex.Lock()
	heard := h.heard
	h.mutex.Unlock()
	order := make([]int, stations)
	for at := range order {
		order[at] = at
	}
	sort.Slice(order, func(a, b int) bool { return heard[order[a]] > heard[order[b]] })
	var names []string
	for _, station := range order[:number] {
		names = append(names, fmt.Sprintf("S%02d (%d)", station, heard[station]))
	}
	return names
}

// Archive is the club's, in another house.
type Archive struct {
	url    string
	client *http.Client
}

func newArchive(port string, roots *x509.CertPool) *Archive {
	transport := &http.Transport{
		TLSClientConfig:     &tls.Config{RootCAs: roots, ServerName: "archive.test"},
		MaxIdleConnsPerHost: 16,
		IdleConnTimeout:     time.Minute,
	}
	return &Archive{
		url:    "https://127.0.0.1:" + port + "/groups",
		client: &http.Client{Transport: transport, Timeout: 3 * time.Second},
	}
}

// Keep hands over a group; the archive has it when it says so.
func (a *Archive) Keep(ctx context.Context, heard Heard) error {
	body, err := json.Marshal(heard)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, a.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := a.client.Do(request) // <- cost
	if err != nil {
		return fmt.Errorf("archive: %w", err)
	}
	defer response.Body.Close() // <- cost
	if response.StatusCode != http.StatusCreated {
		return fmt.Errorf("archive: %s", response.Status)
	}
	return nil
}

// Club has what all listeners share.
type Club struct {
	habits  Habits
	archive *Archive
	kept    int64
	odd     int64
	failed  int64
	spent   int64
}

func parse(line []byte) (Heard, error) {
	var heard Heard
	if err := json.Unmarshal(line, &heard); err != nil {
		return heard, err
	}
	if heard.Station < 0 || heard.Station >= stations || len(heard.Group) != 5 {
		return heard, errors.New("no such station or group")
	}
	if strings.Trim(heard.Group, "0123456789") != "" {
		return heard, errors.New("not a group of figures")
	}
	return heard, nil
}

func (c *Club) take(line []byte) {
	heard, err := parse(line)
	if err != nil || c.habits.Note(heard.Station, heard.Group) < 0.01 {
		atomic.AddInt64(&c.odd, 1)
		return
	}
	began := time.Now()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if err := c.archive.Keep(ctx, heard); err != nil {
		atomic.AddInt64(&c.failed, 1)
		log.Print(err)
		return
	}
	atomic.AddInt64(&c.spent, int64(time.Since(began)))
	atomic.AddInt64(&c.kept, 1)
}

func (c *Club) serve(listener net.Listener) {
	for {
		line, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go func() {
			defer line.Close()
			for lines := bufio.NewScanner(line); lines.Scan(); {
				c.take(lines.Bytes())
			}
		}()
	}
}

// listen is the program as the listeners: each notes a group at its time.
func listen(address string) {
	for number := 0; number < listeners; number++ {
		line, err := net.Dial("tcp", address)
		if err != nil {
			log.Fatal(err)
		}
		go func(number int) {
			turn := number
			for range time.Tick(time.Second * listeners / rate) {
				group := fmt.Sprintf("%05d", turn*7919%100000)
				_, err := fmt.Fprintf(line, `{"station": %d, "listener": "L%d", "group": "%s", "strength": %d}`+"\n",
					turn*31%stations, number, group, turn%5)
				if err != nil {
					os.Exit(0)
				}
				turn += listeners
			}
		}(number)
	}
	select {}
}

// keep is the program as the archive.
func keep() {
	var number int64
	http.HandleFunc("/groups", func(out http.ResponseWriter, request *http.Request) {
		io.Copy(io.Discard, request.Body)
		out.WriteHeader(http.StatusCreated)
		fmt.Fprintf(out, `{"receipt": %d, "shelf": "short wave"}`+"\n", atomic.AddInt64(&number, 1))
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	os.WriteFile("port.new", []byte(fmt.Sprint(listener.Addr().(*net.TCPAddr).Port)), 0o644)
	os.Rename("port.new", "port")
	log.Fatal(http.ServeTLS(listener, nil, "archive.pem", "archive.pem"))
}

// certify makes the archive's certificate.
func certify() (*x509.CertPool, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	who := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"archive.test"},
		NotAfter: time.Now().Add(48 * time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, who, who, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	private := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})
	if err := os.WriteFile("archive.pem", append(text, private...), 0o600); err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(text)
	return roots, nil
}

// beside starts a copy of the program that is no child of it.
func beside(words ...string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	return exec.Command("sh", "-c", "'"+self+"' "+strings.Join(words, " ")+" >/dev/null 2>&1 &").Run()
}

func main() {
	if len(os.Args) > 2 {
		listen(os.Args[2])
	}
	if len(os.Args) > 1 {
		keep()
	}
	roots, err := certify()
	if err == nil {
		err = beside("archive")
	}
	if err != nil {
		log.Fatal(err)
	}
	var port []byte
	for port, err = os.ReadFile("port"); err != nil; port, err = os.ReadFile("port") {
		time.Sleep(20 * time.Millisecond)
	}
	club := &Club{archive: newArchive(string(port), roots)}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go club.serve(listener)
	if err := beside("listen", listener.Addr().String()); err != nil {
		log.Fatal(err)
	}
	time.Sleep(2 * time.Second)
	fmt.Printf("ready %d\n", os.Getpid())
	for range time.Tick(5 * time.Second) {
		kept := atomic.LoadInt64(&club.kept)
		log.Printf("%d kept in %.2f ms each, %d odd, %d failed; %s", kept,
			float64(atomic.LoadInt64(&club.spent))/1e6/float64(kept), atomic.LoadInt64(&club.odd),
			atomic.LoadInt64(&club.failed), strings.Join(club.habits.Loudest(3), ", "))
	}
}
