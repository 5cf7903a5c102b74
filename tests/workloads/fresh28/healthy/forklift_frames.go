// expect: healthy bench

// Forklifts of a warehouse: takes the frames of their scales and sensors over TCP, keeps a summary for each truck, and
// writes the summaries to a file every second.
package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"time"
)

const (
	headBytes = 2 + 4 + 8
	mostCount = 64
	trucks    = 64
)

// Summary is what came from a truck since the last report.
type Summary struct {
	Frames   int64
	Sum      int64
	Least    int32
	Greatest int32
	Last     int64
}

func (summary *Summary) add(other *Summary) {
	if other.Frames == 0 {
		return
	}
	if summary.Frames == 0 {
		summary.Least, summary.Greatest = other.Least, other.Greatest
	}
	summary.Frames += other.Frames
	summary.Sum += other.Sum
	if other.Least < summary.Least {
		summary.Least = other.Least
	}
	if other.Greatest > summary.Greatest {
		summary.Greatest = other.Greatest
	}
	if other.Last > summary.Last {
		summary.Last = other.Last
	}
}

// Warehouse gathers the summaries; the lines hand theirs in a few hundred frames at a time.
type Warehouse struct {
	lock      sync.Mutex
	summaries [trucks]Summary
}

func (warehouse *Warehouse) handIn(gathered *[trucks]Summary) {
	warehouse.lock.Lock()
	for number := range gathered {
		warehouse.summaries[number].add(&gathered[number])
	}
	warehouse.lock.Unlock()
	*gathered = [trucks]Summary{}
}

// read decodes: a count of values, the truck, the second, and the values.
func (warehouse *Warehouse) read(line io.Reader) error {
	reader := bufio.NewReaderSize(line, 1<<16)
	var gathered [trucks]Summary
	frames := 0
	for {
		head, err := reader.Peek(headBytes)
		if err != nil {
			return err
		}
		count := int(binary.BigEndian.Uint16(head))
		truck := binary.BigEndian.Uint32(head[2:])
		second := int64(binary.BigEndian.Uint64(head[6:]))
		if count > mostCount || truck >= trucks {
			return errors.New("a frame that is none")
		}
		size := headBytes + 4*count
		frame, err := reader.Peek(size)
		if err != nil {
			return err
		}
		summary := Summary{Frames: 1, Last: second}
		for at := headBytes; at < size; at += 4 {
			value := int32(binary.BigEndian.Uint32(frame[at:]))
			summary.Sum += int64(value)
			if at == headBytes || value < summary.Least {
				summary.Least = value
			}
			if at == headBytes || value > summary.Greatest {
				summary.Greatest = value
			}
		}
		gathered[truck].add(&summary)
		if _, err := reader.Discard(size); err != nil {
			return err
		}
		if frames++; frames%800 == 0 {
			warehouse.handIn(&gathered)
		}
	}
}

func (warehouse *Warehouse) report(path string) error {
	warehouse.lock.Lock()
	summaries := warehouse.summaries
	warehouse.summaries = [trucks]Summary{}
	warehouse.lock.Unlock()

	file, err := os.Create(path + ".new")
	if err != nil {
		return err
	}
	writer := bufio.NewWriter(file)
	for number, summary := range summaries {
		if summary.Frames > 0 {
			fmt.Fprintf(writer, "truck %d: %d frames, mean %.1f, %d to %d, at %d\n", number, summary.Frames,
				float64(summary.Sum)/float64(summary.Frames), summary.Least, summary.Greatest, summary.Last)
		}
	}
	if err := writer.Flush(); err != nil {
		file.Close()
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	warehouse := &Warehouse{}
	go func() {
		for {
			line, err := listener.Accept()
			if err != nil {
				log.Fatal(err)
			}
			go func() {
				defer line.Close()
				if err := warehouse.read(line); err != io.EOF {
					log.Print(err)
				}
			}()
		}
	}()
	clients := filepath.Join(filepath.Dir(os.Getenv("SERVICES")), "clients.py")
	port := strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
	if err := exec.Command(os.Getenv("PYTHON"), clients, "frames", port, "3").Run(); err != nil {
		log.Fatal(err)
	}
	time.Sleep(time.Second)
	fmt.Println("ready", os.Getpid())
	for range time.Tick(time.Second) {
		if err := warehouse.report("trucks.txt"); err != nil {
			log.Print(err)
		}
	}
}
