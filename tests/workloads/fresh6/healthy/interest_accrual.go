// expect: healthy bench
// The end of day of a savings bank, one business day after the other: accrues the interest of all accounts by tier,
// credits it at the end of a month, and writes the totals of the branches. A worker for each core takes ranges of them.
// Measured: a day costs 38 ms of CPU time, 25 ns an account; all cores, 31 MB.
package main

import (
	"bufio"
	"fmt"
	"math/bits"
	"os"
	"runtime"
	"sync"
	"time"
)

const (
	accounts   = 1500000
	branches   = 120
	chunk      = 1 << 15
	daysInYear = 365
	daysKept   = 2000
)

// book holds the accounts column by column: cents, and hundred-thousandths of a cent of interest not yet credited.
type book struct {
	balance []int64
	accrued []int64
	branch  []uint8
	product []uint8
}

// tier says what the money above a limit earns, in hundred-thousandths a year.
type tier struct {
	from, rate int64
}

var products = [][]tier{
	{{0, 150}},
	{{0, 250}, {1000000, 1000}, {5000000, 1750}},
	{{0, 0}, {250000, 2100}},
	{{0, 3000}, {10000000, 500}},
}

func mix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}

func open() *book {
	b := &book{make([]int64, accounts), make([]int64, accounts), make([]uint8, accounts), make([]uint8, accounts)}
	for i := range b.balance {
		drawn := mix(uint64(i) + 1)
		b.balance[i] = int64(drawn % 8000000)
		b.branch[i] = uint8(drawn >> 40 % branches)
		b.product[i] = uint8(drawn >> 50 % uint64(len(products)))
	}
	return b
}

// interest is what a balance earns in a day, in hundred-thousandths of a cent.
func interest(balance int64, tiers []tier) int64 {
	var sum int64
	for i, t := range tiers {
		if balance <= t.from {
			break
		}
		upto := balance
		if i+1 < len(tiers) && tiers[i+1].from < upto {
			upto = tiers[i+1].from
		}
		sum += (upto - t.from) * t.rate
	}
	return sum / daysInYear
}

// movement is what went in and out of an account on a day; most have none.
func movement(account, day int) int64 {
	drawn := mix(uint64(day)<<32 | uint64(account))
	if drawn%11 != 0 {
		return 0
	}
	hi, _ := bits.Mul64(drawn, 120000)
	return int64(hi) - 59000
}

type totals struct {
	balance, accrued, credited [branches]int64
	overdrawn                  int
}

func (t *totals) add(other *totals) {
	for i := range t.balance {
		t.balance[i] += other.balance[i]
		t.accrued[i] += other.accrued[i]
		t.credited[i] += other.credited[i]
	}
	t.overdrawn += other.overdrawn
}

// close brings a range of accounts through a day.
func (b *book) close(from, to, day int, credit bool, sum *totals) {
	for i := from; i < to; i++ {
		balance := b.balance[i] + movement(i, day)
		if balance < 0 {
			sum.overdrawn++
		}
		b.accrued[i] += interest(balance, products[b.product[i]])
		branch := b.branch[i]
		if credit {
			cents := b.accrued[i] / 100000
			b.accrued[i] -= cents * 100000
			balance += cents
			sum.credited[branch] += cents
		}
		b.balance[i] = balance
		sum.balance[branch] += balance
		sum.accrued[branch] += b.accrued[i]
	}
}

// day closes all accounts; the workers take the next chunk when they are done with one.
func (b *book) day(day int, credit bool) *totals {
	chunks := make(chan int, accounts/chunk+1)
	for from := 0; from < accounts; from += chunk {
		chunks <- from
	}
	close(chunks)
	parts := make([]totals, runtime.GOMAXPROCS(0))
	var working sync.WaitGroup
	for w := range parts {
		working.Add(1)
		go func(sum *totals) {
			defer working.Done()
			for from := range chunks {
				to := from + chunk
				if to > accounts {
					to = accounts
				}
				b.close(from, to, day, credit, sum)
			}
		}(&parts[w])
	}
	working.Wait()
	whole := &parts[0]
	for i := 1; i < len(parts); i++ {
		whole.add(&parts[i])
	}
	return whole
}

func write(out *bufio.Writer, day int, t *totals, took time.Duration) error {
	fmt.Fprintf(out, "day %d: %v, %d overdrawn\n", day, took.Round(time.Millisecond), t.overdrawn)
	for branch, cents := range t.balance {
		fmt.Fprintf(out, "%d %d %d %d\n", branch, cents, t.accrued[branch], t.credited[branch])
	}
	return out.Flush()
}

func main() {
	b := open()
	file, err := os.Create("totals.txt")
	if err != nil {
		panic(err)
	}
	out := bufio.NewWriter(file)
	fmt.Println("ready", os.Getpid())
	for day := 1; ; day++ {
		began := time.Now()
		sum := b.day(day, day%30 == 0)
		if day%daysKept == 0 {
			if _, err := file.Seek(0, 0); err != nil {
				panic(err)
			}
		}
		if err := write(out, day, sum, time.Since(began)); err != nil {
			panic(err)
		}
	}
}
