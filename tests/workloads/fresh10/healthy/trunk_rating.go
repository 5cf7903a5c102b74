// expect: healthy bench
// Billing at a telephone exchange: call tickets come in blocks of bytes from the switches, are taken apart and rated by
// the longest prefix that is known of the number, and put to the subscribers' accounts. Two raters work side by side; the
// accounts are divided into parts with a lock each, so that they seldom meet.
package main

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"math/rand"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

const (
	ticketSize  = 24
	blockOf     = 2000 // tickets
	subscribers = 200_000
	parts       = 64
	raters      = 2
	period      = 25 * time.Millisecond
	blocks      = 36 // that come in within a period
)

// prefixes is a tree of digits; a node's rate is in thousandths of a penny a second, 0 where none is known.
type prefixes struct {
	next [10]int32
	rate int32
}

type tariff struct {
	nodes []prefixes
}

func newTariff(seed int64) *tariff {
	chance := rand.New(rand.NewSource(seed))
	t := &tariff{nodes: make([]prefixes, 1, 40_000)}
	for digit := byte(0); digit < 10; digit++ {
		t.set([]byte{digit}, 300)
	}
	for n := 0; n < 9000; n++ {
		digits := make([]byte, 2+chance.Intn(5))
		for at := range digits {
			digits[at] = byte(chance.Intn(10))
		}
		t.set(digits, int32(20+chance.Intn(900)))
	}
	return t
}

func (t *tariff) set(digits []byte, rate int32) {
	at := int32(0)
	for _, digit := range digits {
		if t.nodes[at].next[digit] == 0 {
			t.nodes = append(t.nodes, prefixes{})
			t.nodes[at].next[digit] = int32(len(t.nodes) - 1)
		}
		at = t.nodes[at].next[digit]
	}
	t.nodes[at].rate = rate
}

// rate walks down the digits and keeps the last rate that it met.
func (t *tariff) rate(digits []byte) int32 {
	at, rate := int32(0), int32(0)
	for _, digit := range digits {
		at = t.nodes[at].next[digit]
		if at == 0 {
			break
		}
		if known := t.nodes[at].rate; known != 0 {
			rate = known
		}
	}
	return rate
}

type account struct {
	owed    int64
	seconds int64
	calls   int32
}

type part struct {
	sync.Mutex
	accounts [subscribers / parts]account
}

type ledger struct {
	parts [parts]part
}

type charge struct {
	subscriber uint32
	seconds    uint32
	price      int64
}

// put takes each part's lock once for all charges that belong to it.
func (l *ledger) put(sorted *[parts][]charge) {
	for n := range sorted {
		if len(sorted[n]) == 0 {
			continue
		}
		p := &l.parts[n]
		p.Lock()
		for _, c := range sorted[n] {
			a := &p.accounts[c.subscriber/parts]
			a.owed += c.price
			a.seconds += int64(c.seconds)
			a.calls++
		}
		p.Unlock()
	}
}

func (l *ledger) total() (owed int64, calls int64) {
	for n := range l.parts {
		p := &l.parts[n]
		p.Lock()
		for at := range p.accounts {
			owed += p.accounts[at].owed
			calls += int64(p.accounts[at].calls)
		}
		p.Unlock()
	}
	return owed, calls
}

type rater struct {
	tariff *tariff
	ledger *ledger
	sorted [parts][]charge
	digits [12]byte
}

var dropped int64

// block rates the tickets of a block: subscriber, seconds, minute of the day, and the number in nibbles.
func (r *rater) block(tickets []byte) {
	for n := range r.sorted {
		r.sorted[n] = r.sorted[n][:0]
	}
	lost := int64(0)
	for ; len(tickets) >= ticketSize; tickets = tickets[ticketSize:] {
		subscriber := binary.BigEndian.Uint32(tickets)
		seconds := binary.BigEndian.Uint32(tickets[4:])
		minute := binary.BigEndian.Uint16(tickets[8:])
		if seconds == 0 || subscriber >= subscribers {
			lost++
			continue
		}
		for n := range r.digits {
			r.digits[n] = tickets[12+n/2] >> (4 * uint(1-n%2)) & 15
		}
		price := int64(seconds) * int64(r.tariff.rate(r.digits[:]))
		if minute < 8*60 || minute >= 18*60 {
			price = price * 6 / 10
		}
		n := subscriber % parts
		r.sorted[n] = append(r.sorted[n], charge{subscriber, seconds, price})
	}
	r.ledger.put(&r.sorted)
	atomic.AddInt64(&dropped, lost)
}

// exchange fills blocks as the switches send them; what was rated comes back to be filled again.
type exchange struct {
	chance *rand.Rand
	empty  chan []byte
	full   chan []byte
}

func (e *exchange) fill(block []byte) {
	for at := 0; at < len(block); at += ticketSize {
		ticket := block[at : at+ticketSize]
		binary.BigEndian.PutUint32(ticket, uint32(e.chance.Intn(subscribers)))
		binary.BigEndian.PutUint32(ticket[4:], uint32(e.chance.Intn(1200)))
		binary.BigEndian.PutUint16(ticket[8:], uint16(e.chance.Intn(1440)))
		number := e.chance.Int63()
		for n := 0; n < 6; n++ {
			pair := byte(number % 100)
			ticket[12+n] = pair/10<<4 | pair%10
			number /= 100
		}
	}
}

func (e *exchange) run() {
	for range time.Tick(period) {
		for n := 0; n < blocks; n++ {
			block := <-e.empty
			e.fill(block)
			e.full <- block
		}
	}
}

func report(books *ledger) error {
	file, err := os.Create("books.txt")
	if err != nil {
		return err
	}
	defer file.Close()
	out := bufio.NewWriter(file)
	owed, calls := books.total()
	fmt.Fprintf(out, "%d calls, £%.2f, %d dropped\n", calls, float64(owed)/1e5, atomic.LoadInt64(&dropped))
	return out.Flush()
}

func main() {
	rates, books := newTariff(25), &ledger{}
	from := &exchange{rand.New(rand.NewSource(4)), make(chan []byte, 2*blocks), make(chan []byte, 2*blocks)}
	for n := 0; n < 2*blocks; n++ {
		from.empty <- make([]byte, blockOf*ticketSize)
	}
	for n := 0; n < raters; n++ {
		go func() {
			r := &rater{tariff: rates, ledger: books}
			for block := range from.full {
				r.block(block)
				from.empty <- block
			}
		}()
	}
	go from.run()
	time.Sleep(300 * time.Millisecond)
	fmt.Println("ready", os.Getpid())
	for range time.Tick(2 * time.Second) {
		if err := report(books); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}
