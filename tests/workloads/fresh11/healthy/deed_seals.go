// expect: healthy bench
// The sealed register of a notary's office: each deed that is read gets a seal, which is worked out from its pages and the
// seal before, and an entry in a journal that must survive whatever befalls the machine. The clerks wait until their
// entry is safe; all that come within a fifth of a second share one write and one sync.
// Up to 400 deeds a second with five syncs; most of its time goes into the digest of the pages.
package main

import (
	"bytes"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

const (
	clerks   = 80
	gather   = 200 * time.Millisecond
	pageSize = 3000
	keep     = 8 << 20 // bytes of a journal before the next one is begun
)

// Deed is what was read before the notary.
type Deed struct {
	Number int
	Kind   string
	Pages  []byte
	sealed chan [sha512.Size]byte
}

// Journal is the file of entries; it begins anew beside the last one when it is full.
type Journal struct {
	folder string
	file   *os.File
	length int64
	number int
	syncs  int
}

func (journal *Journal) turn() error {
	if journal.file != nil {
		if err := journal.file.Close(); err != nil {
			return err
		}
	}
	journal.number++
	journal.length = 0
	file, err := os.Create(filepath.Join(journal.folder, "journal-"+strconv.Itoa(journal.number%2)))
	journal.file = file
	return err
}

// write puts entries down for good.
func (journal *Journal) write(entries []byte) error {
	if journal.file == nil || journal.length > keep {
		if err := journal.turn(); err != nil {
			return err
		}
	}
	written, err := journal.file.Write(entries)
	journal.length += int64(written)
	if err != nil {
		return err
	}
	journal.syncs++
	return journal.file.Sync()
}

// Register seals deeds, one after the other, as a chain allows no other way.
type Register struct {
	deeds   chan *Deed
	journal *Journal
	last    [sha512.Size]byte
	entries bytes.Buffer
	waiting []*Deed
	seals   [][sha512.Size]byte
	sealed  int64
}

func (register *Register) seal(deed *Deed) {
	digest := sha512.New()
	digest.Write(register.last[:])
	digest.Write(deed.Pages)
	digest.Sum(register.last[:0])
	var written [2 * sha512.Size]byte
	hex.Encode(written[:], register.last[:])
	fmt.Fprintf(&register.entries, "%08d %-10s %7d %s\n", deed.Number, deed.Kind, len(deed.Pages), written[:])
	register.waiting = append(register.waiting, deed)
	register.seals = append(register.seals, register.last)
}

// settle makes safe what was sealed, and tells the clerks.
func (register *Register) settle() error {
	if len(register.waiting) == 0 {
		return nil
	}
	if err := register.journal.write(register.entries.Bytes()); err != nil {
		return err
	}
	for at, deed := range register.waiting {
		deed.sealed <- register.seals[at]
		register.waiting[at] = nil
	}
	atomic.AddInt64(&register.sealed, int64(len(register.waiting)))
	register.entries.Reset()
	register.waiting = register.waiting[:0]
	register.seals = register.seals[:0]
	return nil
}

func (register *Register) run() error {
	turn := time.NewTicker(gather)
	defer turn.Stop()
	for {
		select {
		case deed := <-register.deeds:
			register.seal(deed)
		case <-turn.C:
			if err := register.settle(); err != nil {
				return err
			}
		}
	}
}

// clerk reads deeds and has them sealed; the sheets are used again for the next one.
func clerk(number int, register *Register) {
	kinds := [...]string{"sale", "will", "mandate", "charge", "articles"}
	deed := &Deed{sealed: make(chan [sha512.Size]byte, 1), Pages: make([]byte, 0, 140*pageSize)}
	text := []byte("read aloud by the notary, approved by the parties and signed by them with their own hand; ")
	for round := 0; ; round++ {
		deed.Number = number*1000000 + round
		deed.Kind = kinds[(number+round)%len(kinds)]
		deed.Pages = deed.Pages[:(60+(number*7+round*13)%80)*pageSize]
		for page := 0; page < len(deed.Pages); page += pageSize {
			at := page + copy(deed.Pages[page:page+pageSize], text)
			strconv.AppendInt(deed.Pages[at:at], int64(deed.Number+page), 10)
		}
		register.deeds <- deed
		seal := <-deed.sealed
		if seal[0] == 0 && seal[1] == 0 {
			log.Printf("deed %d has a seal that begins with zeros", deed.Number)
		}
	}
}

func main() {
	folder, err := os.MkdirTemp("", "seals-")
	if err != nil {
		log.Fatal(err)
	}
	register := &Register{deeds: make(chan *Deed), journal: &Journal{folder: folder}}
	var office sync.WaitGroup
	office.Add(1)
	go func() {
		defer office.Done()
		if err := register.run(); err != nil {
			log.Print(err)
		}
	}()
	for number := 0; number < clerks; number++ {
		go clerk(number, register)
	}
	go func() {
		for {
			time.Sleep(3 * time.Second)
			log.Printf("%d deeds sealed", atomic.LoadInt64(&register.sealed))
		}
	}()
	fmt.Println("ready", os.Getpid())
	office.Wait()
}
