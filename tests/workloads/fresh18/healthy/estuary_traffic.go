// bench: healthy
// Archiver of vessel traffic in an estuary: eight receivers stream position reports over connections that stay open, reports
// of a known ship update its track, all are packed into compressed pages of 256 KB, and the index of pages is brought
// to the disk every two seconds. Most of its time goes to the compression, with writers and buffers that are used again.
package main

import (
	"bufio"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand"
	"net"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"time"
)

const (
	receivers     = 8
	reportBytes   = 32
	reportsASec   = 12000 // each receiver
	batchReports  = 240
	pageBytes     = 256 << 10
	archiveBytes  = 48 << 20
	trackSegments = 16
)

type track struct {
	ship     uint32
	reports  uint32
	lat, lon int32
	seen     int64
}

// A segment holds the ships whose number ends in its own.
type segment struct {
	sync.Mutex
	ships map[uint32]*track
}

type tracks [trackSegments]segment

func (t *tracks) update(batch []byte) {
	for at := 0; at+reportBytes <= len(batch); at += reportBytes {
		report := batch[at : at+reportBytes]
		ship := binary.LittleEndian.Uint32(report)
		s := &t[ship%trackSegments]
		s.Lock()
		one := s.ships[ship]
		if one == nil {
			one = &track{ship: ship}
			s.ships[ship] = one
		}
		one.reports++
		one.lat = int32(binary.LittleEndian.Uint32(report[4:]))
		one.lon = int32(binary.LittleEndian.Uint32(report[8:]))
		one.seen = int64(binary.LittleEndian.Uint64(report[16:]))
		s.Unlock()
	}
}

var pages = sync.Pool{New: func() any { page := make([]byte, 0, pageBytes); return &page }}

type archive struct {
	file, index *os.File
	at          int64
	packed      bytes.Buffer
	writer      *flate.Writer
	written     uint64
}

func openArchive() (*archive, error) {
	file, err := os.Create("traffic.pages")
	if err != nil {
		return nil, err
	}
	index, err := os.Create("traffic.index")
	if err != nil {
		return nil, err
	}
	a := &archive{file: file, index: index}
	a.writer, err = flate.NewWriter(&a.packed, 5)
	return a, err
}

func (a *archive) add(page []byte) error {
	a.packed.Reset()
	a.writer.Reset(&a.packed)
	if _, err := a.writer.Write(page); err != nil {
		return err
	}
	if err := a.writer.Close(); err != nil {
		return err
	}
	if a.at > archiveBytes {
		a.at = 0
	}
	n, err := a.file.WriteAt(a.packed.Bytes(), a.at)
	a.at += int64(n)
	atomic.AddUint64(&a.written, 1)
	return err
}

// run packs full pages, and brings the index to the disk now and then.
func (a *archive) run(full <-chan *[]byte) error {
	settle := time.NewTicker(2 * time.Second)
	for {
		select {
		case page := <-full:
			if err := a.add(*page); err != nil {
				return err
			}
			*page = (*page)[:0]
			pages.Put(page)
		case <-settle.C:
			var entry [16]byte
			binary.LittleEndian.PutUint64(entry[:], a.written)
			binary.LittleEndian.PutUint64(entry[8:], uint64(a.at))
			if _, err := a.index.WriteAt(entry[:], 0); err != nil {
				return err
			}
			if err := a.index.Sync(); err != nil {
				return err
			}
		}
	}
}

func receive(conn net.Conn, known *tracks, full chan<- *[]byte) error {
	defer conn.Close()
	in := bufio.NewReaderSize(conn, 64<<10)
	batch := make([]byte, batchReports*reportBytes)
	page := pages.Get().(*[]byte)
	for {
		if _, err := io.ReadFull(in, batch); err != nil {
			return err
		}
		known.update(batch)
		if len(*page)+len(batch) > pageBytes {
			full <- page
			page = pages.Get().(*[]byte)
		}
		*page = append(*page, batch...)
	}
}

func receiver(address string, seed int64) error {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	rng := rand.New(rand.NewSource(seed))
	batch := make([]byte, batchReports*reportBytes)
	pace := time.NewTicker(time.Second * batchReports / reportsASec)
	for number := uint64(0); ; number++ {
		now := uint64(time.Now().UnixMilli())
		for i := 0; i < batchReports; i++ {
			report := batch[i*reportBytes:]
			binary.LittleEndian.PutUint32(report, 211000000+uint32(rng.Intn(1500)))
			binary.LittleEndian.PutUint32(report[4:], uint32(53500000+rng.Intn(1<<14)))
			binary.LittleEndian.PutUint32(report[8:], uint32(9900000+rng.Intn(1<<14)))
			binary.LittleEndian.PutUint64(report[16:], now)
			binary.LittleEndian.PutUint64(report[24:], number)
		}
		if _, err := conn.Write(batch); err != nil {
			return err
		}
		<-pace.C
	}
}

func main() {
	if len(os.Args) == 3 && os.Args[1] == "receivers" {
		ended := make(chan error)
		for i := 0; i < receivers; i++ {
			go func(i int) { ended <- receiver(os.Args[2], int64(i)) }(i)
		}
		<-ended
		return
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	self, _ := os.Executable()
	if err := exec.Command("sh", "-c", `"$0" receivers "$1" >/dev/null 2>&1 &`, self, listener.Addr().String()).Run(); err != nil {
		panic(err)
	}
	known := new(tracks)
	for i := range known {
		known[i].ships = make(map[uint32]*track)
	}
	full := make(chan *[]byte, receivers)
	for i := 0; i < receivers; i++ {
		conn, err := listener.Accept()
		if err != nil {
			panic(err)
		}
		go receive(conn, known, full)
	}
	store, err := openArchive()
	if err != nil {
		panic(err)
	}
	go func() {
		time.Sleep(500 * time.Millisecond)
		fmt.Println("ready")
	}()
	panic(store.run(full))
}
