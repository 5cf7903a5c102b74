// expect: healthy bench
// Keeps the last quotes of many papers in arrays, which are changed in place when a quote comes.
package main

import (
	"bufio"
	"fmt"
	"hash/fnv"
	"os"
	"strconv"
	"time"
)

const (
	papers = 6000
	levels = 32
)

type level struct {
	price, amount int64
	venue         int32
}

type quotes struct {
	name  string
	count int
	best  [levels]level
}

// put changes the book by a quote; the levels stay sorted.
func (q *quotes) put(price, amount int64, venue int32) {
	at := 0
	for at < q.count && q.best[at].price < price {
		at++
	}
	if at == levels {
		return
	}
	if at == q.count || q.best[at].price != price {
		if q.count < levels {
			q.count++
		}
		copy(q.best[at+1:q.count], q.best[at:q.count-1])
	}
	q.best[at] = level{price, amount, venue}
}

func (q *quotes) depth(upTo int64) (sum int64) {
	for _, at := range q.best[:q.count] {
		if at.price > upTo {
			break
		}
		sum += at.amount
	}
	return sum
}

func (q *quotes) lowest() int64 {
	if q.count == 0 {
		return 0
	}
	return q.best[0].price
}

type book struct {
	all []quotes
}

func (b *book) take(paper int, price, amount int64, venue int32) {
	b.all[paper].put(price, amount, venue)
}

func newBook() *book {
	b := &book{all: make([]quotes, papers)}
	for i := range b.all {
		b.all[i].name = "paper-" + strconv.Itoa(i)
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
			b.take(paper, fields[1], fields[2], int32(fields[3]%12))
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
