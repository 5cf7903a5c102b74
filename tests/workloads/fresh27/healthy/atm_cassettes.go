// expect: healthy bench
// Cassettes of cash machines: a TCP service that takes the machines' frames (how many notes left which cassette), a stream that
// does not end, and each second writes what each machine and each cassette gave out to a file for the cash carriers.
//
// Measured: about 0.07 cores, memory steady.
package main

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strconv"
	"sync"
	"time"
)

const (
	maxCassettes = 16
	machines     = 6
	headBytes    = 14
)

type frame struct {
	machine int32
	at      int64
	notes   [maxCassettes]uint32
	count   int
}

// decoder reads frames from a line; its buffers are used again.
type decoder struct {
	in   *bufio.Reader
	body [maxCassettes * 4]byte
	head [headBytes]byte
}

func (d *decoder) next(f *frame) error {
	if _, err := io.ReadFull(d.in, d.head[:]); err != nil {
		return err
	}
	f.count = int(binary.BigEndian.Uint16(d.head[0:2]))
	if f.count > maxCassettes {
		return fmt.Errorf("a frame of %d cassettes", f.count)
	}
	f.machine = int32(binary.BigEndian.Uint32(d.head[2:6]))
	f.at = int64(binary.BigEndian.Uint64(d.head[6:14]))
	body := d.body[:f.count*4]
	if _, err := io.ReadFull(d.in, body); err != nil {
		return err
	}
	for i := 0; i < f.count; i++ {
		f.notes[i] = binary.BigEndian.Uint32(body[i*4:])
	}
	return nil
}

// drain is what has left a machine's cassettes since the last report.
type drain struct {
	frames int64
	last   int64
	notes  [maxCassettes]uint64
}

func (d *drain) add(other *drain) {
	d.frames += other.frames
	if other.last > d.last {
		d.last = other.last
	}
	for i, n := range other.notes {
		d.notes[i] += n
	}
}

type vault struct {
	mutex  sync.Mutex
	drains map[int32]*drain
}

func (v *vault) merge(machine int32, part *drain) {
	v.mutex.Lock()
	defer v.mutex.Unlock()
	known := v.drains[machine]
	if known == nil {
		known = &drain{}
		v.drains[machine] = known
	}
	known.add(part)
}

func (v *vault) take() map[int32]*drain {
	v.mutex.Lock()
	defer v.mutex.Unlock()
	taken := v.drains
	v.drains = make(map[int32]*drain, len(taken))
	return taken
}

// serve reads one machine's line, and merges what it sums up every so many frames.
func (v *vault) serve(line net.Conn) {
	defer line.Close()
	d := decoder{in: bufio.NewReaderSize(line, 64<<10)}
	var f frame
	var part drain
	machine := int32(-1)
	for {
		err := d.next(&f)
		if part.frames > 0 && (err != nil || f.machine != machine || part.frames == 1000) {
			v.merge(machine, &part)
			part = drain{}
		}
		if err != nil {
			return
		}
		machine = f.machine
		part.frames++
		part.last = f.at
		for i := 0; i < f.count; i++ {
			part.notes[i] += uint64(f.notes[i])
		}
	}
}

func report(path string, drains map[int32]*drain) error {
	numbers := make([]int, 0, len(drains))
	for machine := range drains {
		numbers = append(numbers, int(machine))
	}
	sort.Ints(numbers)
	file, err := os.Create(path + ".new")
	if err != nil {
		return err
	}
	out := bufio.NewWriter(file)
	for _, number := range numbers {
		one := drains[int32(number)]
		fmt.Fprintf(out, "%d;%d;%d", number, one.frames, one.last)
		for _, n := range one.notes {
			fmt.Fprintf(out, ";%d", n)
		}
		out.WriteByte('\n')
	}
	if err := out.Flush(); err != nil {
		file.Close()
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

func startMachines(port int) {
	clients := filepath.Join(filepath.Dir(os.Getenv("SERVICES")), "clients.py")
	command := exec.Command(os.Getenv("PYTHON"), clients, "frames", strconv.Itoa(port), strconv.Itoa(machines))
	if err := command.Run(); err != nil {
		panic(err)
	}
}

func main() {
	v := &vault{drains: map[int32]*drain{}}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go func() {
		for {
			line, err := listener.Accept()
			if err != nil {
				return
			}
			go v.serve(line)
		}
	}()
	startMachines(listener.Addr().(*net.TCPAddr).Port)
	time.Sleep(time.Second)
	fmt.Println("ready", os.Getpid())
	for range time.Tick(time.Second) {
		if err := report("carriers.csv", v.take()); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
}
