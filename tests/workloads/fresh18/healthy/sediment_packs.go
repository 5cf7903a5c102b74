// bench: healthy
// The archive of a lake research station: cores come in from a scanner as a stream of slices, which are compressed by
// two workers with writers and buffers of their own, hashed, and put into packs; old packs are written over.
// Measured: 250 slices a second, 26 % of a core, 5 MiB.
package main

import (
	"bufio"
	"bytes"
	"compress/flate"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand"
	"net"
	"os"
	"os/exec"
	"sync"
	"time"
)

const (
	sliceSize  = 48 << 10
	perSecond  = 250
	workers    = 2
	packSize   = 24 << 20
	packs      = 3
	depthCount = 512
)

// Slice is a strip of a core as it was scanned.
type Slice struct {
	Depth uint32
	Data  []byte
}

// Packed is a slice that is ready to be kept.
type Packed struct {
	depth uint32
	sum   [sha256.Size]byte
	body  bytes.Buffer
}

// Pack writes slices behind each other, and begins the next file when one is full.
type Pack struct {
	mu     sync.Mutex
	file   *os.File
	out    *bufio.Writer
	size   int64
	number int
	index  map[uint32][sha256.Size]byte
}

func (p *Pack) begin() error {
	if p.file != nil {
		if err := p.out.Flush(); err != nil {
			return err
		}
		if err := p.file.Close(); err != nil {
			return err
		}
	}
	file, err := os.Create(fmt.Sprintf("pack-%d.bin", p.number%packs))
	if err != nil {
		return err
	}
	p.number++
	p.file, p.size = file, 0
	p.out = bufio.NewWriterSize(file, 256<<10)
	return nil
}

func (p *Pack) put(packed *Packed) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.file == nil || p.size > packSize {
		if err := p.begin(); err != nil {
			return err
		}
	}
	var head [8]byte
	binary.LittleEndian.PutUint32(head[:], packed.depth)
	binary.LittleEndian.PutUint32(head[4:], uint32(packed.body.Len()))
	p.out.Write(head[:])
	p.out.Write(packed.sum[:])
	if _, err := p.out.Write(packed.body.Bytes()); err != nil {
		return err
	}
	p.size += int64(len(head) + len(packed.sum) + packed.body.Len())
	p.index[packed.depth%depthCount] = packed.sum
	return nil
}

// difference replaces each sample by what it differs from that before it, which packs better.
func difference(data []byte) {
	last := uint16(0)
	for i := 0; i+1 < len(data); i += 2 {
		sample := binary.LittleEndian.Uint16(data[i:])
		binary.LittleEndian.PutUint16(data[i:], sample-last)
		last = sample
	}
}

func work(slices <-chan *Slice, used chan<- *Slice, pack *Pack, failed chan<- error) {
	var packed Packed
	press, err := flate.NewWriter(nil, flate.BestSpeed)
	if err != nil {
		failed <- err
		return
	}
	for slice := range slices {
		packed.depth = slice.Depth
		packed.sum = sha256.Sum256(slice.Data)
		difference(slice.Data)
		packed.body.Reset()
		press.Reset(&packed.body)
		press.Write(slice.Data)
		if err := press.Close(); err != nil {
			failed <- err
			return
		}
		if err := pack.put(&packed); err != nil {
			failed <- err
			return
		}
		used <- slice
	}
}

func receive(from net.Conn, slices chan<- *Slice, used <-chan *Slice) error {
	in := bufio.NewReaderSize(from, 64<<10)
	var head [4]byte
	for slice := range used {
		if _, err := io.ReadFull(in, head[:]); err != nil {
			return err
		}
		slice.Depth = binary.LittleEndian.Uint32(head[:])
		if _, err := io.ReadFull(in, slice.Data); err != nil {
			return err
		}
		slices <- slice
	}
	return nil
}

// scanner plays the instrument: grey values that wander, like layers.
func scanner(address string) {
	to, err := net.Dial("tcp", address)
	if err != nil {
		return
	}
	rnd := rand.New(rand.NewSource(11))
	record := make([]byte, 4+sliceSize)
	level := 30000
	began := time.Now()
	for sent := 0; ; sent++ {
		binary.LittleEndian.PutUint32(record, uint32(sent))
		for i := 4; i < len(record); i += 2 {
			level += rnd.Intn(17) - 8
			binary.LittleEndian.PutUint16(record[i:], uint16(level))
		}
		if _, err := to.Write(record); err != nil {
			return
		}
		time.Sleep(time.Until(began.Add(time.Duration(sent) * time.Second / perSecond)))
	}
}

// Holder is one drawer of the core store: it waits for somebody to open it.
type Holder struct {
	opened chan struct{}
	closed chan struct{}
}

func (h *Holder) keep() {
	for {
		select {
		case <-h.opened:
		case <-h.closed:
			return
		}
	}
}

func main() {
	if len(os.Args) > 2 && os.Args[1] == "scanner" {
		scanner(os.Args[2])
		return
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	// a shell between us, so that the scanner is nobody's child
	shell := exec.Command("/bin/sh", "-c", `"$0" scanner "$1" </dev/null >/dev/null 2>&1 &`, os.Args[0], listener.Addr().String())
	if err := shell.Run(); err != nil {
		panic(err)
	}
	from, err := listener.Accept()
	if err != nil {
		panic(err)
	}
	pack := &Pack{index: make(map[uint32][sha256.Size]byte, depthCount)}
	slices := make(chan *Slice, 8)
	used := make(chan *Slice, 16)
	for i := 0; i < cap(used); i++ {
		used <- &Slice{Data: make([]byte, sliceSize)}
	}
	failed := make(chan error, workers+1)
	for i := 0; i < workers; i++ {
		go work(slices, used, pack, failed)
	}
	for i := 0; i < 300; i++ {
		go (&Holder{opened: make(chan struct{}), closed: make(chan struct{})}).keep()
	}
	go func() { failed <- receive(from, slices, used) }()
	time.AfterFunc(2*time.Second, func() { fmt.Println("ready") })
	fmt.Fprintln(os.Stderr, <-failed)
	os.Exit(1)
}
