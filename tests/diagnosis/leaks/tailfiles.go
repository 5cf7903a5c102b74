package tailer

import (
	"bufio"
	"log"
	"os"
	"path/filepath"
	"strings"
	"time"
)

type Segment struct {
	Path   string
	Lines  int
	Errors int
}

type Tailer struct {
	dir     string
	offsets map[string]int64
	sink    func(Segment)
}

func New(dir string, sink func(Segment)) *Tailer {
	return &Tailer{dir: dir, offsets: make(map[string]int64), sink: sink}
}

func (t *Tailer) scan(f *os.File, rd *bufio.Reader) Segment {
	seg := Segment{Path: f.Name()}
	for {
		line, err := rd.ReadString('\n')
		if err != nil {
			return seg
		}
		t.offsets[f.Name()] += int64(len(line))
		seg.Lines++
		if strings.Contains(line, "ERROR") {
			seg.Errors++
		}
	}
}

func (t *Tailer) forget(live []string) {
	keep := make(map[string]bool, len(live))
	for _, p := range live {
		keep[p] = true
	}
	for p := range t.offsets {
		if !keep[p] {
			delete(t.offsets, p)
		}
	}
}

func (t *Tailer) Run(stop <-chan struct{}) error {
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return nil
		case <-tick.C:
		}
		names, err := filepath.Glob(filepath.Join(t.dir, "*.log"))
		if err != nil {
			return err
		}
		for _, name := range names {
			f, err := os.Open(name) // <- made 10
			if err != nil {
				log.Printf("tail %s: %v", name, err)
				continue
			}
			rd := bufio.NewReaderSize(f, 32*1024) // <- made 90
			defer func() {                        // <- cost
				rd.Reset(nil)
				f.Close()
			}()
			if _, err := f.Seek(t.offsets[name], 0); err != nil {
				log.Printf("seek %s: %v", name, err)
				continue
			}
			if seg := t.scan(f, rd); seg.Lines > 0 {
				t.sink(seg)
			}
		}
		t.forget(names)
	}
}
