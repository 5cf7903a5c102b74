// expect: healthy bench
// Makes labels for parcels in a pool of as many workers as there are cores; buffers are used again, orders come in bursts.
package main

import (
	"bytes"
	"compress/flate"
	"context"
	"fmt"
	"hash/crc32"
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

type order struct {
	number, customer, grams int
}

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

type counts struct {
	labels, bytes, check uint64
}

// label writes the text of a label into out.
func label(out *bytes.Buffer, one order) {
	out.WriteString("PARCEL ")
	out.WriteString(strconv.Itoa(one.number))
	out.WriteString("\nto customer ")
	out.WriteString(strconv.Itoa(one.customer))
	for line := 0; line < 40; line++ {
		out.WriteString("\n^FO")
		out.WriteString(strconv.Itoa(line * 18))
		out.WriteString(",40^A0N,18^FD")
		out.WriteString(strconv.Itoa((one.number*7919 + line*one.grams) % 100003))
		out.WriteString("^FS")
	}
}

func work(orders <-chan order, sums *counts, done *sync.WaitGroup) {
	defer done.Done()
	packed := new(bytes.Buffer)
	packer, err := flate.NewWriter(packed, flate.BestSpeed)
	if err != nil {
		panic(err)
	}
	for one := range orders {
		text := buffers.Get().(*bytes.Buffer)
		text.Reset()
		packed.Reset()
		packer.Reset(packed)
		label(text, one)
		if _, err := packer.Write(text.Bytes()); err != nil {
			panic(err)
		}
		if err := packer.Close(); err != nil {
			panic(err)
		}
		atomic.AddUint64(&sums.labels, 1)
		atomic.AddUint64(&sums.bytes, uint64(packed.Len()))
		atomic.AddUint64(&sums.check, uint64(crc32.ChecksumIEEE(packed.Bytes())))
		buffers.Put(text)
	}
}

// burst sends many orders at once, as they come when a shop closes its day.
func burst(ctx context.Context, orders chan<- order, first int) {
	for number := first; number < first+800; number++ {
		select {
		case orders <- order{number, number * 31 % 5000, 100 + number%4000}:
		case <-ctx.Done():
			return
		}
	}
}

func main() {
	log, err := os.Create("labels.log")
	if err != nil {
		panic(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	orders := make(chan order, 64)
	sums := &counts{}
	var done sync.WaitGroup
	for i := 0; i < runtime.NumCPU(); i++ {
		done.Add(1)
		go work(orders, sums, &done)
	}
	fmt.Println("ready", os.Getpid())
	began, told := time.Now(), time.Now()
	next := time.NewTicker(250 * time.Millisecond)
	for first := 0; ; first += 800 {
		<-next.C
		burst(ctx, orders, first)
		if time.Since(told) > time.Second {
			told = time.Now()
			labels, size := atomic.LoadUint64(&sums.labels), atomic.LoadUint64(&sums.bytes)
			fmt.Fprintf(log, "%d %d labels, %d kB\n", told.Sub(began).Milliseconds(), labels, size/1000)
		}
	}
}
