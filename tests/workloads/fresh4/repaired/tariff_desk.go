// expect: healthy bench
// Quotes life insurances: looks up the mortality of a person in the table of the actuaries and works out the premium.
// Measured: 15,900 quotes for a second of CPU; 5,700 in the twin that has the problem.
package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"log"
	"math"
	"os"
	"sort"
	"time"
)

const (
	tablePath  = "mortality.tab"
	recordSize = 24
	records    = 16000
)

var errUnknown = errors.New("no such class of risk")

// class is a key of the table: age, sex, smoker, profession.
type class uint32

func classOf(age, sex, smoker, profession int) class {
	return class(((age*2+sex)*2+smoker)*40 + profession)
}

type person struct {
	age, profession int
	sex, smoker     int
	cents           float64
	years           int
}

// desk quotes; its table may be replaced by the actuaries while it works.
type desk struct {
	path   string
	loaded []byte
	stamp  time.Time
	asked  time.Time
	quoted int
	failed int
	sums   map[int]float64
	others float64
}

// table is read anew when the actuaries have published another one; a second later is soon enough.
func (d *desk) table() ([]byte, error) {
	now := time.Now()
	if d.loaded != nil && now.Sub(d.asked) < time.Second {
		return d.loaded, nil
	}
	d.asked = now
	about, err := os.Stat(d.path)
	if err != nil {
		return nil, fmt.Errorf("the table of mortality: %w", err)
	}
	if d.loaded != nil && about.ModTime().Equal(d.stamp) {
		return d.loaded, nil
	}
	data, err := os.ReadFile(d.path)
	if err != nil {
		return nil, fmt.Errorf("the table of mortality: %w", err)
	}
	if len(data)%recordSize != 0 {
		return nil, fmt.Errorf("%s is cut off", d.path)
	}
	d.loaded, d.stamp = data, about.ModTime()
	return data, nil
}

// find gives the mortality and its yearly growth.
func find(table []byte, wanted class) (float64, float64, error) {
	n := len(table) / recordSize
	at := sort.Search(n, func(i int) bool {
		return class(binary.LittleEndian.Uint64(table[i*recordSize:])) >= wanted
	})
	if at == n || class(binary.LittleEndian.Uint64(table[at*recordSize:])) != wanted {
		return 0, 0, errUnknown
	}
	record := table[at*recordSize:]
	rate := math.Float64frombits(binary.LittleEndian.Uint64(record[8:]))
	growth := math.Float64frombits(binary.LittleEndian.Uint64(record[16:]))
	return rate, growth, nil
}

// premium is what the insured pays a month, from the present value of what may be paid out.
func premium(p person, years int, rate, growth float64) float64 {
	alive, cost, paid, discount := 1.0, 0.0, 0.0, 1.0
	for month := 0; month < years*12; month++ {
		dies := alive * rate / 12 * math.Pow(growth, float64(month)/12)
		cost += dies * p.cents * discount
		paid += alive * discount
		alive -= dies
		discount /= 1.0017
	}
	return cost / paid * 1.12
}

func (d *desk) quote(p person) (float64, error) {
	table, err := d.table()
	if err != nil {
		return 0, err
	}
	rate, growth, err := find(table, classOf(p.age, p.sex, p.smoker, p.profession))
	if err != nil {
		return 0, err
	}
	monthly := premium(p, p.years, rate, growth)
	d.sums[p.age/10] += monthly
	for _, other := range [3]int{-5, 5, 10} { // what it were for another term
		if years := p.years + other; years > 0 {
			d.others += premium(p, years, rate, growth)
		}
	}
	return monthly, nil
}

// publish is what the actuaries do: a table, sorted by class.
func publish(path string) error {
	table := make([]byte, 0, records*recordSize)
	for key := 0; key < records; key++ {
		age := key / 160
		rate := 0.0002*math.Exp(float64(age)/14) + float64(key%160)*1e-6
		table = binary.LittleEndian.AppendUint64(table, uint64(key))
		table = binary.LittleEndian.AppendUint64(table, math.Float64bits(rate))
		table = binary.LittleEndian.AppendUint64(table, math.Float64bits(1.08+float64(key%7)/400))
	}
	return os.WriteFile(path, table, 0o644)
}

func applicant(n int) person {
	return person{age: 18 + n*31%60, profession: n * 7 % 40, sex: n % 2, smoker: n / 2 % 2, cents: 5e6 + float64(n%900)*1e4, years: 5 + n%25}
}

func main() {
	file, err := os.Create("quotes.log")
	if err != nil {
		log.Fatal(err)
	}
	diary := log.New(file, "", log.Ltime)
	if err := publish(tablePath); err != nil {
		log.Fatal(err)
	}
	office := &desk{path: tablePath, sums: map[int]float64{}}
	began := time.Now()
	told := began
	fmt.Println("ready", os.Getpid())
	for n := 0; ; n++ {
		monthly, err := office.quote(applicant(n))
		switch {
		case errors.Is(err, errUnknown):
			office.failed++
		case err != nil:
			diary.Fatal(err)
		case monthly > 0:
			office.quoted++
		}
		if n%64 == 0 && time.Since(told) > time.Second {
			told = time.Now()
			diary.Printf("%.0f quotes a second, %d refused, %.0f cents from people in their forties",
				float64(office.quoted)/time.Since(began).Seconds(), office.failed, office.sums[4])
		}
	}
}
