// expect: healthy bench
// Settles the trades of an energy market: sleeps until the market closes a quarter, which is every two seconds here, then
// clears all areas at once with as many workers as there are cores, and writes the prices.
package main

import (
	"bufio"
	"fmt"
	"log"
	"math/rand"
	"os"
	"runtime"
	"sort"
	"sync"
	"time"
)

const (
	areas   = 24
	bids    = 15000
	quarter = 2 * time.Second
)

type bid struct {
	cents  int32
	amount int32 // kilowatts; those who sell have less than nothing
}

type area struct {
	number int
	random *rand.Rand
	buying []bid
	sells  []bid
}

// collect takes the bids of a quarter, in the memory of the one before.
func (a *area) collect() {
	a.buying, a.sells = a.buying[:0], a.sells[:0]
	for number := 0; number < bids; number++ {
		one := bid{int32(1000 + a.random.Intn(9000)), int32(1 + a.random.Intn(500))}
		if number%2 == 0 {
			a.buying = append(a.buying, one)
		} else {
			one.amount = -one.amount
			a.sells = append(a.sells, one)
		}
	}
}

// price is where demand and supply meet.
func (a *area) price() (cents int32, traded int64) {
	sort.Slice(a.buying, func(i, j int) bool { return a.buying[i].cents > a.buying[j].cents })
	sort.Slice(a.sells, func(i, j int) bool { return a.sells[i].cents < a.sells[j].cents })
	var bought, sold int64
	for buyer, seller := 0, 0; buyer < len(a.buying) && seller < len(a.sells); {
		if a.buying[buyer].cents < a.sells[seller].cents {
			break
		}
		cents = (a.buying[buyer].cents + a.sells[seller].cents) / 2
		if bought <= sold {
			bought += int64(a.buying[buyer].amount)
			buyer++
		} else {
			sold -= int64(a.sells[seller].amount)
			seller++
		}
	}
	if bought < sold {
		return cents, bought
	}
	return cents, sold
}

type result struct {
	area   int
	cents  int32
	traded int64
}

type market struct {
	work    chan *area
	results chan result
	areas   []*area
}

func open(workers int) *market {
	m := &market{work: make(chan *area, areas), results: make(chan result, areas)}
	for number := 0; number < areas; number++ {
		m.areas = append(m.areas, &area{number: number, random: rand.New(rand.NewSource(int64(number)))})
	}
	for number := 0; number < workers; number++ {
		go func() {
			for one := range m.work {
				one.collect()
				cents, traded := one.price()
				m.results <- result{one.number, cents, traded}
			}
		}()
	}
	return m
}

func (m *market) settle() []result {
	for _, one := range m.areas {
		m.work <- one
	}
	settled := make([]result, areas)
	for range m.areas {
		one := <-m.results
		settled[one.area] = one
	}
	return settled
}

func publish(path string, settled []result, once *sync.Once) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	defer file.Close()
	out := bufio.NewWriter(file)
	for _, one := range settled {
		fmt.Fprintf(out, "area %d: %d.%02d for %d kW\n", one.area, one.cents/100, one.cents%100, one.traded)
	}
	once.Do(func() { log.Println("the first quarter is settled") })
	return out.Flush()
}

func main() {
	file, err := os.Create("market.log")
	if err != nil {
		panic(err)
	}
	log.SetOutput(file)
	m := open(runtime.NumCPU())
	first := &sync.Once{}
	fmt.Println("ready", os.Getpid())
	for range time.Tick(quarter) {
		began := time.Now()
		settled := m.settle()
		if err := publish("prices.txt", settled, first); err != nil {
			log.Fatal(err)
		}
		log.Printf("%d areas settled in %d ms", len(settled), time.Since(began).Milliseconds())
	}
}
