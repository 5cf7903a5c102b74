// expect: pattern=memory-growth bench
// Serves scans of playbills from a theatre archive. Each scan lies in three stores; all are asked for it, and the reader
// gets a preview made from the copy that comes first.
// Measured: with 100 previews a second it grows from 7 to 29 MB within 12 s, and so on; the twin stays at 7 MB.
package main

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"log"
	"math/rand"
	"os"
	"os/signal"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	playbills   = 40
	scanSize    = 48 << 10
	previewSize = 4 << 10
	readers     = 2
)

var errTorn = errors.New("the scan does not agree with its sum")

// Preview is what a reader sees before ordering the scan.
type Preview struct {
	Playbill int
	From     string
	Pixels   []byte
}

// Store is one of the places where scans are kept: a folder, and the time that its robot takes.
type Store struct {
	name   string
	folder string
	robot  time.Duration
}

func (store *Store) path(playbill int) string {
	return filepath.Join(store.folder, fmt.Sprintf("playbill-%04d.scan", playbill))
}

// Preview reads the scan, checks it, and takes every twelfth pixel of it.
func (store *Store) Preview(playbill int, dice *rand.Rand) (*Preview, error) {
	time.Sleep(store.robot + time.Duration(dice.Intn(4000))*time.Microsecond)
	scan, err := os.ReadFile(store.path(playbill))
	if err != nil {
		return nil, err
	}
	if len(scan) != scanSize || crc32.ChecksumIEEE(scan) == 0 {
		return nil, errTorn
	}
	pixels := make([]byte, previewSize)
	for at := range pixels {
		pixels[at] = scan[at*scanSize/previewSize]
	}
	return &Preview{playbill, store.name, pixels}, nil
}

// Reading is what one store has said.
type Reading struct {
	preview *Preview
	err     error
}

// Archive asks its stores.
type Archive struct {
	stores []*Store
	served int64
	failed int64
}

// Find is the first good copy of a playbill, within the time that a reader waits.
func (archive *Archive) Find(ctx context.Context, playbill int) (*Preview, error) {
	ctx, cancel := context.WithTimeout(ctx, 500*time.Millisecond)
	defer cancel()
	readings := make(chan Reading) // <- cost
	for _, store := range archive.stores { // <- cost
		store, dice := store, rand.New(&source{uint64(rand.Int63())})
		go func() { // <- cost
			preview, err := store.Preview(playbill, dice) // <- cost
			readings <- Reading{preview, err} // <- cost
		}()
	}
	var last error
	for range archive.stores {
		select {
		case reading := <-readings:
			if reading.err == nil {
				return reading.preview, nil // <- cost
			}
			last = reading.err
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return nil, last
}

// source is a small generator: that of math/rand takes 5 kB each.
type source struct{ state uint64 }

func (s *source) Seed(seed int64) { s.state = uint64(seed) }
func (s *source) Int63() int64 {
	s.state = s.state*6364136223846793005 + 1442695040888963407
	return int64(s.state >> 1)
}

// reader leafs through the playbills.
func (archive *Archive) reader(ctx context.Context, number int) {
	dice := rand.New(rand.NewSource(int64(number)))
	pace := time.NewTicker(20 * time.Millisecond)
	defer pace.Stop()
	seen := map[string]int{}
	for ctx.Err() == nil {
		preview, err := archive.Find(ctx, dice.Intn(playbills)) // <- cost
		if err != nil {
			atomic.AddInt64(&archive.failed, 1)
		} else {
			seen[preview.From]++
			atomic.AddInt64(&archive.served, 1)
		}
		<-pace.C
	}
}

// fill writes the scans into the stores.
func fill(stores []*Store) error {
	dice := rand.New(rand.NewSource(1898))
	scan := make([]byte, scanSize)
	for playbill := 0; playbill < playbills; playbill++ {
		dice.Read(scan)
		for _, store := range stores {
			if err := os.WriteFile(store.path(playbill), scan, 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}

func run(ctx context.Context) error {
	root, err := os.MkdirTemp("", "playbills")
	if err != nil {
		return err
	}
	defer os.RemoveAll(root)
	archive := &Archive{}
	for number, name := range []string{"cellar", "annex", "attic"} {
		folder := filepath.Join(root, name)
		if err := os.Mkdir(folder, 0o755); err != nil {
			return err
		}
		archive.stores = append(archive.stores, &Store{name, folder, time.Duration(3+number) * time.Millisecond})
	}
	if err := fill(archive.stores); err != nil {
		return err
	}
	for number := 0; number < readers; number++ {
		go archive.reader(ctx, number)
	}
	fmt.Println("ready", os.Getpid())
	for tick := time.NewTicker(5 * time.Second); ; {
		select {
		case <-tick.C:
			log.Printf("%d previews, %d not found", atomic.LoadInt64(&archive.served), atomic.LoadInt64(&archive.failed))
		case <-ctx.Done():
			return nil
		}
	}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		log.Fatal(err)
	}
}
