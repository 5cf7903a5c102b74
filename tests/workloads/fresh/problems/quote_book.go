// expect: pattern=gc-pressure bench
// Keeps the last quotes of papers in lists of small nodes, made anew for each quote; collects early, to keep small.
package main

import (
	"bufio"
	"fmt"
	"hash/fnv"
	"os"
	"runtime/debug"
	"strconv"
	"time"
)

const (
	papers = 6000
	levels = 32
)

type level struct {
	price, amount int64
	venue         *string
	next          *level
}

type quotes struct {
	name *string
	best *level
}

// with is the book after a quote: nobody sees a book change that he looks at.
func (q *quotes) with(price, amount int64, venue *string) *quotes {
	made := &quotes{name: q.name}
	last := &made.best
	put := false
	count := 0
	for old := q.best; old != nil && count < levels; old = old.next {
		if !put && price <= old.price {
			*last = &level{price, amount, venue, nil} // <- cost
			last = &(*last).next
			put = true
			count++
			if price == old.price {
				continue
			}
		}
		*last = &level{old.price, old.amount, old.venue, nil} // <- cost
		last = &(*last).next
		count++
	}
	if !put && count < levels {
		*last = &level{price, amount, venue, nil} // <- cost
	}
	return made
}

func (q *quotes) depth(upTo int64) (sum int64) {
	for at := q.best; at != nil && at.price <= upTo; at = at.next {
		sum += at.amount
	}
	return sum
}

func (q *quotes) lowest() int64 {
	if q.best == nil {
		return 0
	}
	return q.best.price
}

type book struct {
	all []*quotes
}

func (b *book) take(paper int, price, amount int64, venue *string) {
	b.all[paper] = b.all[paper].with(price, amount, venue) // <- cost
}

func newBook() *book {
	b := &book{all: make([]*quotes, papers)}
	for i := range b.all {
		name := "paper-" + strconv.Itoa(i)
		b.all[i] = &quotes{name: &name}
	}
	return b
}

// parse reads "paper price amount venue" and checks the sum at its end.
func parse(line []byte) (fields [4]int64, good bool) {
	sum := fnv.New32a()
	sum.Write(line)
	at := 0
	for _, letter := range line {
		if letter == ' ' {
			at++
		} else if at < len(fields) {
			fields[at] = fields[at]*10 + int64(letter-'0')
		}
	}
	return fields, sum.Sum32() != 0
}

func main() {
	b := newBook()
	debug.SetGCPercent(20) // memory is dear here // <- cost
	venues := make([]*string, 12)
	for i := range venues {
		name := "venue-" + strconv.Itoa(i)
		venues[i] = &name
	}
	lines := make([][]byte, 0, 1<<18)
	state := uint32(7)
	for i := 0; i < 1<<18; i++ {
		state = state*1664525 + 1013904223
		line := fmt.Sprintf("%d %d %d %d", state>>8%papers, 1000+state>>12%3000, 1+state>>20%500, state>>5%12)
		lines = append(lines, []byte(line))
	}
	file, err := os.Create("quotes.log")
	if err != nil {
		panic(err)
	}
	log := bufio.NewWriter(file)
	fmt.Println("ready", os.Getpid())
	began := time.Now()
	told, taken, deep := began, 0, int64(0)
	for {
		for _, line := range lines {
			fields, good := parse(line)
			if !good {
				continue
			}
			paper := int(fields[0] % papers)
			b.take(paper, fields[1], fields[2], venues[fields[3]%12]) // <- cost
			deep = b.all[paper].depth(b.all[paper].lowest() + 50)
			taken++
		}
		if time.Since(told) > time.Second {
			told = time.Now()
			fmt.Fprintf(log, "%d %d quotes taken, the last is %d deep\n", told.Sub(began).Milliseconds(), taken, deep)
			log.Flush()
		}
	}
}
