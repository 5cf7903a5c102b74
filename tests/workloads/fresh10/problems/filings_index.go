// expect: pattern=gc-pressure bench
// The index of a court's filings: who is a party to what, and which words stand in the titles. Filings come in batches
// from the front desks, the oldest make room, and the desks ask for those of a party or about something.
// Measured: a batch takes 130 to 140 ms of CPU, nine tenths of which its twin saves; there it takes 9 ms.
package main

import (
	"fmt"
	"log"
	"math/rand"
	"os"
	"runtime"
	"strings"
	"syscall"
	"time"
)

const (
	kept       = 120000
	batch      = 400
	batchEvery = 200 * time.Millisecond
	questions  = 150
	mostShown  = 25
)

// Filing is one paper that came in.
type Filing struct {
	Number  string
	Title   string
	Day     time.Time
	Parties []*Party
	Words   []*Word
}

// Party is a person or a firm before the court, with the filings that name it, the oldest first.
type Party struct {
	Name    string
	Filings []*Filing
}

// Word is a word of titles, with the filings it stands in, the oldest first.
type Word struct {
	Text    string
	Filings []*Filing
}

// Index finds filings by party and word.
type Index struct {
	parties map[string]*Party
	words   map[string]*Word
	ring    []*Filing
	next    int
}

func newIndex() *Index {
	return &Index{parties: map[string]*Party{}, words: map[string]*Word{}, ring: make([]*Filing, kept)}
}

func (index *Index) party(name string) *Party {
	party, known := index.parties[name]
	if !known {
		party = &Party{Name: name}
		index.parties[name] = party
	}
	return party
}

func (index *Index) word(text string) *Word {
	word, known := index.words[text]
	if !known {
		word = &Word{Text: text}
		index.words[text] = word
	}
	return word
}

// add takes a filing up, and drops the oldest.
func (index *Index) add(line string) error {
	fields := strings.SplitN(line, "|", 4)
	if len(fields) != 4 {
		return fmt.Errorf("not a filing: %q", line)
	}
	day, err := time.Parse("2006-01-02", fields[1])
	if err != nil {
		return err
	}
	filing := &Filing{Number: fields[0], Title: fields[3], Day: day}
	for _, name := range strings.Split(fields[2], ";") {
		party := index.party(name)
		party.Filings = append(party.Filings, filing)
		filing.Parties = append(filing.Parties, party)
	}
	for _, text := range strings.Fields(strings.ToLower(filing.Title)) {
		word := index.word(text)
		word.Filings = append(word.Filings, filing)
		filing.Words = append(filing.Words, word)
	}
	if old := index.ring[index.next]; old != nil {
		index.drop(old)
	}
	index.ring[index.next] = filing
	index.next = (index.next + 1) % kept
	return nil
}

// drop forgets the oldest filing, which is the first wherever it stands.
func (index *Index) drop(old *Filing) {
	for _, party := range old.Parties {
		if party.Filings = party.Filings[1:]; len(party.Filings) == 0 {
			delete(index.parties, party.Name)
		}
	}
	for _, word := range old.Words {
		if word.Filings = word.Filings[1:]; len(word.Filings) == 0 {
			delete(index.words, word.Text)
		}
	}
}

// search gives the latest filings of a party that have a word.
func (index *Index) search(name, text string, into []*Filing) []*Filing {
	party, known := index.parties[name]
	if !known {
		return into
	}
	for i := len(party.Filings) - 1; i >= 0 && len(into) < mostShown; i-- {
		for _, word := range party.Filings[i].Words {
			if word.Text == text {
				into = append(into, party.Filings[i])
				break
			}
		}
	}
	return into
}

// importBatch takes up what the front desks have sent.
func (index *Index) importBatch(lines []string) error {
	for _, line := range lines {
		if err := index.add(line); err != nil {
			return err
		}
	}
	runtime.GC() // the machine is small: leave nothing of the batch behind // <- cost
	return nil
}

// desk makes up what comes in.
type desk struct {
	chance *rand.Rand
	filed  int
	day    time.Time
}

var (
	things = strings.Fields("lease timber easement salvage cargo boundary dowry patent pension wages fence mill barge orchard")
	kinds  = strings.Fields("complaint motion answer exhibit objection subpoena affidavit appeal stipulation summons")
	firsts = strings.Fields("Ada Bela Carl Dora Emil Fay Gus Hana Ivo Jane Karl Lena Max Nora Otto Pia")
)

func (desk *desk) name() string {
	return fmt.Sprintf("%s Holder-%d", firsts[desk.chance.Intn(len(firsts))], desk.chance.Intn(900))
}

func (desk *desk) filing() string {
	desk.filed++
	if desk.filed%900 == 0 {
		desk.day = desk.day.AddDate(0, 0, 1)
	}
	kind, thing, other := kinds[desk.chance.Intn(len(kinds))], things[desk.chance.Intn(len(things))], things[desk.chance.Intn(len(things))]
	return fmt.Sprintf("F-%08d|%s|%s;%s|%s concerning a %s and the %s of lot %d", desk.filed, desk.day.Format("2006-01-02"),
		desk.name(), desk.name(), kind, thing, other, desk.chance.Intn(5000))
}

func cpuSeconds() float64 {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return 0
	}
	return float64(used.Utime.Sec+used.Stime.Sec) + float64(used.Utime.Usec+used.Stime.Usec)/1e6
}

func main() {
	index := newIndex()
	desk := &desk{chance: rand.New(rand.NewSource(1873)), day: time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)}
	for i := 0; i < kept; i++ {
		if err := index.add(desk.filing()); err != nil {
			log.Fatal(err)
		}
	}
	fmt.Println("ready", os.Getpid())
	var shown []*Filing
	found, batches, began := 0, 0, cpuSeconds()
	lines := make([]string, batch)
	for range time.Tick(batchEvery) {
		for i := range lines {
			lines[i] = desk.filing()
		}
		if err := index.importBatch(lines); err != nil { // <- cost
			log.Fatal(err)
		}
		for i := 0; i < questions; i++ {
			shown = index.search(desk.name(), things[desk.chance.Intn(len(things))], shown[:0])
			found += len(shown)
		}
		if batches++; batches%10 == 0 {
			log.Printf("%d batches, %.2f ms of CPU each, %d found", batches, 1000*(cpuSeconds()-began)/float64(batches), found)
		}
	}
}
