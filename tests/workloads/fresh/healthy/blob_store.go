// expect: healthy bench
// Stores blobs by their hash, for customers over kept connections: each block is hashed, checked and put in a ring.
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"sync"
	"time"
)

const (
	size   = 64 << 10
	places = 256
)

type store struct {
	mu     sync.Mutex
	sums   [places][32]byte
	blobs  [places][]byte
	count  int
	double int
}

func (s *store) put(blob []byte, sum [32]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := int(binary.LittleEndian.Uint32(sum[:])) % places
	if at < 0 {
		at += places
	}
	if s.sums[at] == sum {
		s.double++
	} else {
		if s.blobs[at] == nil {
			s.blobs[at] = make([]byte, size)
		}
		copy(s.blobs[at], blob)
		s.sums[at] = sum
	}
	s.count++
}

func (s *store) counts() (int, int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count, s.double
}

func serve(peer net.Conn, s *store) {
	defer peer.Close()
	blob := make([]byte, size)
	for {
		if _, err := io.ReadFull(peer, blob); err != nil {
			return
		}
		sum := sha256.Sum256(blob)
		s.put(blob, sum)
		if _, err := peer.Write(sum[:]); err != nil {
			return
		}
	}
}

// customer sends one blob after the other, in a process of its own.
func customer(address string) {
	peer, err := net.Dial("tcp", address)
	if err != nil {
		return
	}
	blob := bytes.Repeat([]byte("part of a picture "), size/18+1)[:size]
	sum := make([]byte, 32)
	for number := uint64(0); ; number++ {
		binary.LittleEndian.PutUint64(blob, number%1000)
		if _, err := peer.Write(blob); err != nil {
			return
		}
		if _, err := io.ReadFull(peer, sum); err != nil {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

func main() {
	if len(os.Args) > 1 {
		customer(os.Args[1])
		return
	}
	listening, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	s := &store{}
	for i := 0; i < 3; i++ {
		if err := exec.Command("/proc/self/exe", listening.Addr().String()).Start(); err != nil {
			panic(err)
		}
	}
	log, err := os.Create("blobs.log")
	if err != nil {
		panic(err)
	}
	began := time.Now()
	go func() {
		for range time.Tick(time.Second) {
			count, double := s.counts()
			fmt.Fprintf(log, "%d %d blobs taken, %d known\n", time.Since(began).Milliseconds(), count, double)
		}
	}()
	fmt.Println("ready", os.Getpid())
	for {
		peer, err := listening.Accept()
		if err != nil {
			return
		}
		go serve(peer, s)
	}
}
