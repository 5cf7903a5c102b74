// expect: healthy bench
// Makes the rosters of wards when they are asked for: each four seconds some come at once, and a few workers improve
// them by exchanges of shifts until they are good enough. In between there is nothing to do.
package main

import (
	"context"
	"fmt"
	"log"
	"math/rand"
	"os"
	"runtime"
	"sync"
	"time"
)

const (
	days    = 28
	nurses  = 24
	burst   = 10
	rounds  = 220000
	kinds   = 4 // free, early, late, night
	between = 4 * time.Second
)

var wanted = [kinds]int{8, 7, 6, 3}

type roster [nurses][days]uint8

type order struct {
	ward   int
	seed   int64
	issued time.Time
}

type result struct {
	order     order
	penalties int
}

// fill begins with a turn that has the right number of each kind on each day.
func (r *roster) fill() {
	for day := 0; day < days; day++ {
		nurse := day
		for kind, number := range wanted {
			for i := 0; i < number; i++ {
				r[nurse%nurses][day] = uint8(kind)
				nurse++
			}
		}
	}
}

// week penalises what is bad for a nurse: an early shift after a night, more than five days in a row, single nights.
func (r *roster) of(nurse int) int {
	bad, row := 0, 0
	line := &r[nurse]
	for day, kind := range line {
		if kind == 0 {
			row = 0
		} else if row++; row > 5 {
			bad += 3
		}
		if day == 0 {
			continue
		}
		before := line[day-1]
		switch {
		case before == 3 && (kind == 1 || kind == 2):
			bad += 8
		case before == 2 && kind == 1:
			bad += 4
		case before != kind:
			bad++
		}
	}
	return bad
}

func (r *roster) improve(random *rand.Rand) int {
	var each [nurses]int
	total := 0
	for nurse := range each {
		each[nurse] = r.of(nurse)
		total += each[nurse]
	}
	for round := 0; round < rounds; round++ {
		day, a, b := random.Intn(days), random.Intn(nurses), random.Intn(nurses)
		if r[a][day] == r[b][day] {
			continue
		}
		r[a][day], r[b][day] = r[b][day], r[a][day]
		first, second := r.of(a), r.of(b)
		change := first + second - each[a] - each[b]
		if change <= 0 || round < rounds/2 && random.Intn(40*change) == 0 {
			each[a], each[b] = first, second
			total += change
		} else {
			r[a][day], r[b][day] = r[b][day], r[a][day]
		}
	}
	return total
}

func work(orders <-chan order, results chan<- result, group *sync.WaitGroup) {
	defer group.Done()
	for one := range orders {
		var plan roster
		plan.fill()
		results <- result{one, plan.improve(rand.New(rand.NewSource(one.seed)))}
	}
}

// ask is the wards: they all want their rosters at the same time.
func ask(ctx context.Context, orders chan<- order) {
	defer close(orders)
	ticks := time.NewTicker(between)
	defer ticks.Stop()
	for n := int64(0); ; n++ {
		for ward := 0; ward < burst; ward++ {
			orders <- order{ward, n*burst + int64(ward), time.Now()}
		}
		select {
		case <-ticks.C:
		case <-ctx.Done():
			return
		}
	}
}

func main() {
	file, err := os.Create("rosters.log")
	if err != nil {
		log.Fatal(err)
	}
	diary := log.New(file, "", log.Ltime)
	orders, results := make(chan order, burst), make(chan result, burst)
	var group sync.WaitGroup
	for n := 0; n < runtime.NumCPU(); n++ {
		group.Add(1)
		go work(orders, results, &group)
	}
	go ask(context.Background(), orders)
	go func() {
		group.Wait()
		close(results)
	}()
	fmt.Println("ready", os.Getpid())
	best := map[int]int{}
	for one := range results {
		if before, known := best[one.order.ward]; !known || one.penalties < before {
			best[one.order.ward] = one.penalties
		}
		diary.Printf("ward %d: %d, after %v, best %d", one.order.ward, one.penalties,
			time.Since(one.order.issued).Round(time.Millisecond), best[one.order.ward])
	}
}
