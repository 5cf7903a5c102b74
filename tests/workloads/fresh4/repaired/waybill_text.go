// expect: healthy bench
// Writes the waybills of freight trains: a page for each train with all its wagons, their weights and the brakes.
// Measured: 1,420 pages for a second of CPU; 205 in the twin that has the problem.
package main

import (
	"fmt"
	"hash/adler32"
	"log"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"time"
)

type wagon struct {
	number   string
	kind     string
	goods    string
	from, to string
	tare     int
	load     int
	axles    int
	braked   bool
}

func (w wagon) perAxle() float64 { return float64(w.tare+w.load) / float64(w.axles) / 1000 }

type train struct {
	number int
	wagons []wagon
}

// brakeShare is the weight on braked wagons, in per cent of the whole.
func (t train) brakeShare() int {
	braked, all := 0, 0
	for _, w := range t.wagons {
		all += w.tare + w.load
		if w.braked {
			braked += w.tare + w.load
		}
	}
	return braked * 100 / all
}

var goods = []string{"gravel", "steel coils", "timber", "grain", "cars", "fuel oil", "containers"}

// make puts wagons together, and sorts them by where they go: the yard takes them off in this order.
func makeTrain(number, length int) train {
	t := train{number: number}
	for i := 0; i < length; i++ {
		n := number*length + i
		t.wagons = append(t.wagons, wagon{
			number: strconv.Itoa(31800000000 + n*7919%99999999), kind: string(rune('E' + n%8)), goods: goods[n%len(goods)],
			from: "yard " + strconv.Itoa(n%19), to: "yard " + strconv.Itoa(n*31%23), tare: 21000 + n%9000,
			load: n * 131 % 60000, axles: 4 + n%2*2, braked: n%5 != 0,
		})
	}
	sort.SliceStable(t.wagons, func(i, j int) bool { return t.wagons[i].to < t.wagons[j].to })
	return t
}

// line writes a wagon as the inspector wants to see it.
func line(to *strings.Builder, place int, w wagon) {
	brake := "-"
	if w.braked {
		brake = "P"
	}
	fmt.Fprintf(to, "%3d %s %s %-12s %-8s %-8s %6d kg %5.2f t/axle %s\n",
		place, w.number, w.kind, w.goods, w.from, w.to, w.tare+w.load, w.perAxle(), brake)
}

func page(t train) string {
	var text strings.Builder
	text.Grow(120 + 80*len(t.wagons))
	fmt.Fprintf(&text, "WAYBILL %d\n", t.number)
	last, pieces := "", 0
	for place, w := range t.wagons {
		if w.to != last {
			text.WriteString("--- to ")
			text.WriteString(w.to)
			text.WriteByte('\n')
			last = w.to
			pieces++
		}
		line(&text, place+1, w)
	}
	fmt.Fprintf(&text, "%d groups, brakes %d %%\n", pieces, t.brakeShare())
	return text.String()
}

// office keeps the pages of the last trains in files, in turn.
type office struct {
	folder string
	kept   int
	bytes  int64
	pages  int
	sum    uint32
}

func (o *office) issue(t train) error {
	text := page(t)
	o.sum ^= adler32.Checksum([]byte(text))
	o.bytes += int64(len(text))
	o.pages++
	if o.pages%o.kept != 0 {
		return nil // only each so many is printed; the others are sent on request
	}
	name := filepath.Join(o.folder, fmt.Sprintf("waybill-%d.txt", o.pages/o.kept%10))
	return os.WriteFile(name, []byte(text), 0o644)
}

func main() {
	file, err := os.Create("waybills.log")
	if err != nil {
		log.Fatal(err)
	}
	diary := log.New(file, "", log.Ltime)
	if err := os.MkdirAll("pages", 0o755); err != nil {
		log.Fatal(err)
	}
	trains := make([]train, 40)
	for n := range trains {
		trains[n] = makeTrain(n, 260+n*7%160)
	}
	desk := &office{folder: "pages", kept: 50}
	began := time.Now()
	told := began
	fmt.Println("ready", os.Getpid())
	for n := 0; ; n++ {
		if err := desk.issue(trains[n%len(trains)]); err != nil {
			diary.Fatal(err)
		}
		if time.Since(told) > time.Second {
			told = time.Now()
			diary.Printf("%.0f pages a second, %d bytes each, sum %08x",
				float64(desk.pages)/time.Since(began).Seconds(), desk.bytes/int64(desk.pages), desk.sum)
		}
	}
}
