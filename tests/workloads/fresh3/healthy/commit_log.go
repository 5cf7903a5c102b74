// expect: healthy bench
// The log of a message broker: what many publishers send is written and synced together, and then confirmed to each.
package main

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"os"
	"sync/atomic"
	"time"
)

const (
	publishers = 64
	block      = 256 << 10
	largest    = 32 << 20
)

type message struct {
	publisher int
	body      []byte
	written   chan<- int64
}

// segment is the file that is written to; it is begun anew when it is too large.
type segment struct {
	file   *os.File
	size   int64
	offset int64
}

func (s *segment) write(batch []byte) error {
	if s.size > largest {
		if err := s.file.Truncate(0); err != nil {
			return err
		}
		s.size = 0
	}
	if _, err := s.file.WriteAt(batch, s.size); err != nil {
		return err
	}
	s.size += int64(len(batch))
	return s.file.Sync()
}

type broker struct {
	incoming chan message
	messages int64
	syncs    int64
	bytes    int64
}

// collect waits for a message, and takes those that come within twenty milliseconds too.
func (b *broker) collect(batch []message) []message {
	batch = append(batch[:0], <-b.incoming)
	window := time.NewTimer(20 * time.Millisecond)
	defer window.Stop()
	for size := len(batch[0].body); size < block && len(batch) < publishers; {
		select {
		case one := <-b.incoming:
			batch = append(batch, one)
			size += len(one.body)
		case <-window.C:
			return batch
		}
	}
	return batch
}

func (b *broker) run(s *segment) error {
	var batch []message
	buffer := make([]byte, 0, 2*block)
	for {
		batch = b.collect(batch)
		buffer = buffer[:0]
		for _, one := range batch {
			buffer = binary.BigEndian.AppendUint32(buffer, uint32(len(one.body)))
			buffer = binary.BigEndian.AppendUint32(buffer, crc32.ChecksumIEEE(one.body))
			buffer = append(buffer, one.body...)
		}
		if err := s.write(buffer); err != nil {
			return err
		}
		atomic.AddInt64(&b.messages, int64(len(batch)))
		atomic.AddInt64(&b.bytes, int64(len(buffer)))
		atomic.AddInt64(&b.syncs, 1)
		for _, one := range batch {
			s.offset++
			one.written <- s.offset
		}
	}
}

// publish sends one message after the other, each when the one before is safe.
func (b *broker) publish(number int) {
	written := make(chan int64, 1)
	for count := 0; ; count++ {
		body := make([]byte, 3000+count*31%3000)
		copy(body, fmt.Sprintf("message %d of publisher %d", count, number))
		b.incoming <- message{number, body, written}
		<-written
		time.Sleep(time.Duration(40+number) * time.Millisecond)
	}
}

func main() {
	file, err := os.Create("segment.bin")
	if err != nil {
		panic(err)
	}
	log, err := os.Create("broker.log")
	if err != nil {
		panic(err)
	}
	b := &broker{incoming: make(chan message, publishers)}
	for i := 0; i < publishers; i++ {
		go b.publish(i)
	}
	go func() { panic(b.run(&segment{file: file})) }()
	fmt.Println("ready", os.Getpid())
	began := time.Now()
	for range time.Tick(time.Second) {
		messages, syncs, size := atomic.LoadInt64(&b.messages), atomic.LoadInt64(&b.syncs), atomic.LoadInt64(&b.bytes)
		fmt.Fprintf(log, "%d %d messages, %d syncs, %d kB\n", time.Since(began).Milliseconds(), messages, syncs, size>>10)
	}
}
