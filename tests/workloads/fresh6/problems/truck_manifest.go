// expect: pattern=chatty-protocol bench
// The gate of a parcel hub: when a truck comes in, looks up where each parcel on it goes (the hub's Redis knows),
// shares the parcels out to the doors, and writes the manifest for the people at the ramp.
// Measured: 30 ms a truck (up to 75 ms on a busy machine), with 1000 round trips; 3 ms in the twin, with one.
package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand"
	"net"
	"os"
	"os/exec"
	"sort"
	"strconv"
	"strings"
	"time"
)

const (
	parcels  = 60000
	onTruck  = 1000
	doors    = 48
	arrival  = 60 * time.Millisecond
	longest  = 16 << 20
	keyStart = "parcel:"
)

var errProtocol = errors.New("not what Redis would say")

// store speaks to Redis on one connection.
type store struct {
	line   net.Conn
	reader *bufio.Reader
	writer *bufio.Writer
}

func openStore(address string) (*store, error) {
	line, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	return &store{line, bufio.NewReaderSize(line, 1<<16), bufio.NewWriterSize(line, 1<<16)}, nil
}

func (s *store) send(words ...string) {
	fmt.Fprintf(s.writer, "*%d\r\n", len(words))
	for _, word := range words {
		s.writer.WriteString("$" + strconv.Itoa(len(word)) + "\r\n" + word + "\r\n")
	}
}

// reply reads one simple answer; what Redis does not have is "".
func (s *store) reply() (string, error) {
	head, err := s.reader.ReadSlice('\n')
	if err != nil {
		return "", err
	}
	kind, rest := head[0], string(bytes.TrimRight(head[1:], "\r\n"))
	switch kind {
	case '+', ':':
		return rest, nil
	case '$':
		size, err := strconv.Atoi(rest)
		if err != nil || size < 0 {
			return "", err
		}
		body := make([]byte, size+2)
		_, err = io.ReadFull(s.reader, body)
		return string(body[:size]), err
	}
	return "", errProtocol
}

// Get says what is stored under a key.
func (s *store) Get(key string) (string, error) {
	s.send("GET", key)
	if err := s.writer.Flush(); err != nil { // <- cost
		return "", err
	}
	return s.reply() // <- cost
}

// Load stores the parcels that were announced.
func (s *store) Load(chance *rand.Rand) error {
	for number := 0; number < parcels; number++ {
		to := fmt.Sprintf("%05d %d %d", chance.Intn(99999), 100+chance.Intn(30000), chance.Intn(3))
		s.send("SET", keyStart+strconv.Itoa(number), to)
		if number%1000 < 999 {
			continue
		}
		if err := s.writer.Flush(); err != nil {
			return err
		}
		for i := 0; i < 1000; i++ {
			if _, err := s.reply(); err != nil {
				return err
			}
		}
	}
	return s.writer.Flush()
}

type parcel struct {
	number          int
	postcode, grams int
	service         int
}

func parse(number int, to string) (parcel, bool) {
	words := strings.Fields(to)
	if len(words) != 3 {
		return parcel{}, false
	}
	postcode, _ := strconv.Atoi(words[0])
	grams, _ := strconv.Atoi(words[1])
	service, _ := strconv.Atoi(words[2])
	return parcel{number, postcode, grams, service}, true
}

type gate struct {
	store   *store
	file    *os.File
	out     *bufio.Writer
	size    int64
	unknown int
}

// unload looks up everything on a truck.
func (g *gate) unload(numbers []int) ([]parcel, error) {
	load := make([]parcel, 0, len(numbers))
	for _, number := range numbers { // <- cost
		to, err := g.store.Get(keyStart + strconv.Itoa(number)) // <- cost
		if err != nil {
			return nil, err
		}
		if p, ok := parse(number, to); ok {
			load = append(load, p)
		} else {
			g.unknown++
		}
	}
	return load, nil
}

// write makes the manifest: the doors in order, express first, heavy parcels at the bottom.
func (g *gate) write(truck int, load []parcel) error {
	sort.Slice(load, func(i, j int) bool {
		a, b := load[i], load[j]
		if a.postcode%doors != b.postcode%doors {
			return a.postcode%doors < b.postcode%doors
		}
		if a.service != b.service {
			return a.service > b.service
		}
		return a.grams > b.grams
	})
	if g.size > longest {
		g.size = 0
		if _, err := g.file.Seek(0, io.SeekStart); err != nil {
			return err
		}
	}
	for _, p := range load {
		n, _ := fmt.Fprintf(g.out, "%d %d %05d %d %d\n", truck, p.postcode%doors, p.postcode, p.number, p.grams)
		g.size += int64(n)
	}
	return g.out.Flush()
}

func startRedis() (string, error) {
	port, err := exec.Command(os.Getenv("PYTHON"), os.Getenv("SERVICES"), "redis").Output()
	return "127.0.0.1:" + strings.TrimSpace(string(port)), err
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func main() {
	address, err := startRedis()
	must(err)
	s, err := openStore(address)
	must(err)
	chance := rand.New(rand.NewSource(3))
	must(s.Load(chance))
	file, err := os.Create("manifests.txt")
	must(err)
	log, err := os.Create("gate.log")
	must(err)
	g := &gate{store: s, file: file, out: bufio.NewWriter(file)}
	fmt.Println("ready", os.Getpid())
	arrivals := time.NewTicker(arrival)
	var spent time.Duration
	for truck := 1; ; truck++ {
		<-arrivals.C
		numbers := make([]int, onTruck)
		for i := range numbers {
			numbers[i] = chance.Intn(parcels + 40)
		}
		began := time.Now()
		load, err := g.unload(numbers) // <- cost
		must(err)
		must(g.write(truck, load))
		spent += time.Since(began)
		if truck%50 == 0 {
			fmt.Fprintf(log, "%d trucks, %v each, %d parcels unknown\n", truck, spent/50, g.unknown)
			spent = 0
		}
	}
}
