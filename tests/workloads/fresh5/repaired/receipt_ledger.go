// expect: healthy bench
// The letter box of a tax office: checks the returns that come in, gives each a number, and confirms it only once it is
// safe on the disk.
// Measured: 11,500 returns confirmed a second, with 40 syncs; 3,450 in the twin with the problem, with as many.
package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

const (
	counters = 300
	largest  = 24 << 20
	pause    = 25 * time.Millisecond // nobody minds to wait so long for a confirmation
)

// taxReturn is what a citizen hands in.
type taxReturn struct {
	payer    uint64
	year     uint16
	income   [6]int64
	expenses [10]int64
}

var errWrong = errors.New("the sums do not add up")

// check says what is taxable, in cents.
func (r *taxReturn) check() (int64, error) {
	var sum, off int64
	for _, cents := range r.income {
		sum += cents
	}
	for i, cents := range r.expenses {
		if cents < 0 {
			return 0, errWrong
		}
		off += cents * int64(60+i*4) / 100
	}
	if digits := r.payer % 11; digits == 10 || sum < 0 {
		return 0, errWrong
	}
	if off > sum/2 {
		off = sum / 2
	}
	return sum - off, nil
}

func (r *taxReturn) encode(into []byte, number uint64, taxable int64) []byte {
	into = binary.LittleEndian.AppendUint64(into[:0], number)
	into = binary.LittleEndian.AppendUint64(into, r.payer)
	into = binary.LittleEndian.AppendUint16(into, r.year)
	for _, cents := range r.income {
		into = binary.AppendVarint(into, cents)
	}
	for _, cents := range r.expenses {
		into = binary.AppendVarint(into, cents)
	}
	into = binary.AppendVarint(into, taxable)
	return binary.LittleEndian.AppendUint32(into, crc32.ChecksumIEEE(into))
}

type entry struct {
	filed   *taxReturn
	taxable int64
	done    chan error
	number  uint64
}

// ledger has one writer; the counters hand their entries to it.
type ledger struct {
	file    *os.File
	entries chan *entry
	size    int64
	number  uint64
	syncs   int64
}

func openLedger(path string) (*ledger, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	return &ledger{file: file, entries: make(chan *entry, counters)}, nil
}

// rewind starts over when the file is full: it was taken away at night.
func (l *ledger) rewind() error {
	if l.size < largest {
		return nil
	}
	l.size = 0
	_, err := l.file.Seek(0, 0)
	return err
}

// gather takes the entries that wait by now, at least one.
func (l *ledger) gather(batch []*entry) []*entry {
	batch = append(batch[:0], <-l.entries)
	for len(batch) < counters {
		select {
		case e := <-l.entries:
			batch = append(batch, e)
		default:
			return batch
		}
	}
	return batch
}

func (l *ledger) commit(out *bufio.Writer) error {
	if err := out.Flush(); err != nil {
		return err
	}
	atomic.AddInt64(&l.syncs, 1)
	if err := l.file.Sync(); err != nil {
		return err
	}
	return l.rewind()
}

func (l *ledger) run() {
	var record []byte
	var batch []*entry
	out := bufio.NewWriterSize(l.file, 1<<16)
	for range time.Tick(pause) {
		batch = l.gather(batch)
		for _, e := range batch {
			l.number++
			e.number = l.number
			record = e.filed.encode(record, e.number, e.taxable)
			n, _ := out.Write(record) // an error comes again with Flush
			l.size += int64(n)
		}
		err := l.commit(out)
		for _, e := range batch {
			e.done <- err
		}
	}
}

// counter takes the returns of one queue of citizens, one after the other.
func counter(l *ledger, number uint64, filed, wrong *int64) {
	e := &entry{filed: &taxReturn{year: 2025}, done: make(chan error, 1)}
	for i := uint64(0); ; i++ {
		e.filed.payer = number*1000003 + i*7919
		for at := range e.filed.income {
			e.filed.income[at] = int64((i*31 + uint64(at)*977) % 900000)
		}
		for at := range e.filed.expenses {
			e.filed.expenses[at] = int64((i*17 + uint64(at)*131) % 40000)
		}
		taxable, err := e.filed.check()
		if err != nil {
			atomic.AddInt64(wrong, 1)
			continue
		}
		e.taxable = taxable
		l.entries <- e
		if err := <-e.done; err != nil {
			panic(err)
		}
		atomic.AddInt64(filed, 1)
	}
}

func main() {
	l, err := openLedger("ledger.bin")
	if err != nil {
		panic(err)
	}
	log, err := os.Create("ledger.log")
	if err != nil {
		panic(err)
	}
	go l.run()
	var filed, wrong int64
	var open sync.WaitGroup
	for i := 0; i < counters; i++ {
		open.Add(1)
		go func(number uint64) {
			defer open.Done()
			counter(l, number, &filed, &wrong)
		}(uint64(i))
	}
	began := time.Now()
	go func() {
		for range time.Tick(time.Second) {
			told := []any{time.Since(began).Milliseconds(), atomic.LoadInt64(&filed), atomic.LoadInt64(&wrong), atomic.LoadInt64(&l.syncs)}
			fmt.Fprintf(log, "%d %d confirmed, %d wrong, %d syncs\n", told...)
		}
	}()
	fmt.Println("ready", os.Getpid())
	open.Wait()
}
