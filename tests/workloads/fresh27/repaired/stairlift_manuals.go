// expect: healthy bench

// The document intake of a stairlift maker: the manuals and service sheets of old models come in Latin-1 from
// the archive's scanners, are converted to UTF-8, cut into pages, and put into volumes with an index of their headings.
//
// Measured: 0.37 cores for 250 documents a second (the processes it starts included); in the repaired program 0.04.
package main

import (
	"bufio"
	"bytes"
	"fmt"
	"log"
	"math/rand"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"
)

const (
	workers            = 2
	documentsPerSecond = 250
	linesPerPage       = 40
	perVolume          = 100
	keptVolumes        = 12
)

var converted, failed int64

type scanned struct {
	name string
	text []byte
}

type heading struct {
	page int
	text string
}

type document struct {
	name     string
	pages    [][]string
	headings []heading
}

// readText returns a scanned text in UTF-8.
func readText(scan scanned) (string, error) {
	if len(scan.text) == 0 {
		return "", fmt.Errorf("%s: empty", scan.name)
	}
	var text strings.Builder
	text.Grow(len(scan.text) + len(scan.text)/8)
	for _, letter := range scan.text {
		text.WriteRune(rune(letter)) // Latin-1 is the start of Unicode
	}
	return text.String(), nil
}

func paginate(name, text string) *document {
	made := &document{name: name}
	var page []string
	for _, line := range strings.Split(strings.TrimRight(text, "\n"), "\n") {
		line = strings.TrimRight(line, " \r")
		if strings.HasPrefix(line, "§ ") {
			made.headings = append(made.headings, heading{len(made.pages) + 1, line[len("§ "):]})
		}
		page = append(page, line)
		if len(page) == linesPerPage {
			made.pages = append(made.pages, page)
			page = nil
		}
	}
	if len(page) > 0 {
		made.pages = append(made.pages, page)
	}
	return made
}

func (made *document) write(out *bufio.Writer) {
	fmt.Fprintf(out, "%s: %d pages\n", made.name, len(made.pages))
	for _, one := range made.headings {
		fmt.Fprintf(out, "%4d  %s\n", one.page, one.text)
	}
	for number, page := range made.pages {
		fmt.Fprintf(out, "\f-- %d --\n", number+1)
		for _, line := range page {
			out.WriteString(line)
			out.WriteByte('\n')
		}
	}
}

// fillVolume converts documents until the volume is full.
func fillVolume(path string, inbox <-chan scanned) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close()
	out := bufio.NewWriterSize(file, 1<<16)
	for taken := 0; taken < perVolume; taken++ {
		scan := <-inbox
		text, err := readText(scan)
		if err != nil {
			atomic.AddInt64(&failed, 1)
			log.Print(err)
			continue
		}
		paginate(scan.name, text).write(out)
		atomic.AddInt64(&converted, 1)
	}
	return out.Flush()
}

func work(worker int, inbox <-chan scanned) {
	for volume := 0; ; volume++ {
		path := filepath.Join("outbox", fmt.Sprintf("volume-%d-%02d.txt", worker, volume%keptVolumes))
		if err := fillVolume(path, inbox); err != nil {
			log.Fatal(err)
		}
	}
}

// scans are what the archive's scanners make of a few models' papers, in Latin-1.
func scans() [][]byte {
	chance := rand.New(rand.NewSource(4))
	words := strings.Fields("Schiene Führung Sitz drehen Gürtel Halterung prüfen lösen Größe Schlüssel Motor " +
		"Geländer Stütze Fuß außen innen Öl Antrieb Zahnrad Riemen Notruf Taste Prüfung Wartung")
	var made [][]byte
	for number := 0; number < 24; number++ {
		var text bytes.Buffer
		for line := 0; line < 150+number*4; line++ {
			if line%25 == 0 {
				text.WriteString("\xa7 ")
			}
			for word := 0; word < 5+chance.Intn(4); word++ {
				for _, letter := range words[chance.Intn(len(words))] {
					text.WriteByte(byte(letter))
				}
				text.WriteByte(' ')
			}
			text.WriteByte('\n')
		}
		made = append(made, text.Bytes())
	}
	return made
}

// scan puts the archive's papers into the inbox, at the scanners' pace.
func scan(inbox chan<- scanned) {
	papers := scans()
	tick := time.NewTicker(time.Second / documentsPerSecond)
	for number := 0; ; number++ {
		<-tick.C
		inbox <- scanned{fmt.Sprintf("scan-%06d", number), papers[number%len(papers)]}
	}
}

func main() {
	if err := os.MkdirAll("outbox", 0o755); err != nil {
		log.Fatal(err)
	}
	inbox := make(chan scanned, 400)
	for number := 0; number < workers; number++ {
		go work(number, inbox)
	}
	go scan(inbox)
	time.Sleep(time.Second)
	fmt.Println("ready", os.Getpid())
	for range time.Tick(10 * time.Second) {
		log.Printf("converted %d, failed %d", atomic.LoadInt64(&converted), atomic.LoadInt64(&failed))
	}
}
