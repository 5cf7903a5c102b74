// expect: pattern=repeated-computation bench

// Dive log: the bathyspheres of the fleet send their hull logs as lines of text over one pipe; this worker sorts the lines
// by the rules of the station (rules.txt), takes the values out of them, and keeps minima and maxima by sphere and rule.
//
// Measured: for 8000 lines a second 0.44 to 0.50 cores and a lag of 7 to 21 ms as it was, 0.03 cores and a lag of 0.3 to 0.6 ms
// with the change.
package main

import (
	"bufio"
	"fmt"
	"io"
	"log"
	"math/rand"
	"os"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"time"
)

const (
	linesPerTick = 160
	tick         = 20 * time.Millisecond
	reportEvery  = 2 * time.Second
)

const rulesText = `# name     pattern
pressure   ^(\w+) hull: pressure (\d+(?:\.\d+)?) bar at (\d+) m$
oxygen     ^(\w+) air: oxygen (\d+(?:\.\d+)?) percent, scrubber (?:on|off)$
tether     ^(\w+) winch: tension (\d+(?:\.\d+)?) kN, paid out (\d+) m$
lamp       ^(\w+) lamp: draws (\d+(?:\.\d+)?) A$
`

type rule struct {
	name    string
	pattern string
}

func loadRules(path string) ([]rule, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var rules []rule
	for _, line := range strings.Split(string(text), "\n") {
		fields := strings.SplitN(strings.TrimSpace(line), " ", 2)
		if len(fields) < 2 || fields[0] == "#" {
			continue
		}
		pattern := strings.TrimSpace(fields[1])
		if _, err := regexp.Compile(pattern); err != nil {
			return nil, fmt.Errorf("rule %s: %w", fields[0], err)
		}
		rules = append(rules, rule{fields[0], pattern})
	}
	return rules, nil
}

func (r rule) match(line string) (sphere string, value float64, ok bool) {
	found := regexp.MustCompile(r.pattern).FindStringSubmatch(line) // <- cost
	if found == nil {
		return "", 0, false
	}
	value, err := strconv.ParseFloat(found[2], 64)
	return found[1], value, err == nil
}

type key struct{ sphere, rule string }

type extent struct {
	count     int
	low, high float64
}

type station struct {
	rules     []rule
	extents   map[key]*extent
	lines     int
	unmatched int
	lag       time.Duration
}

func (s *station) take(line string) {
	s.lines++
	stamp, text, ok := strings.Cut(line, " ")
	if !ok {
		s.unmatched++
		return
	}
	for _, r := range s.rules { // <- cost
		sphere, value, ok := r.match(text) // <- cost
		if !ok {
			continue
		}
		s.add(key{sphere, r.name}, value)
		if at, err := strconv.ParseInt(stamp, 10, 64); err == nil {
			s.lag = time.Since(time.UnixMicro(at))
		}
		return
	}
	s.unmatched++
}

func (s *station) add(k key, value float64) {
	e := s.extents[k]
	if e == nil {
		e = &extent{low: value, high: value}
		s.extents[k] = e
	}
	e.count++
	if value < e.low {
		e.low = value
	}
	if value > e.high {
		e.high = value
	}
}

func (s *station) report(path string) error {
	keys := make([]key, 0, len(s.extents))
	for k := range s.extents {
		keys = append(keys, k)
	}
	sort.Slice(keys, func(a, b int) bool {
		return keys[a].sphere < keys[b].sphere || keys[a].sphere == keys[b].sphere && keys[a].rule < keys[b].rule
	})
	var text strings.Builder
	for _, k := range keys {
		e := s.extents[k]
		fmt.Fprintf(&text, "%s,%s,%d,%.2f,%.2f\n", k.sphere, k.rule, e.count, e.low, e.high)
	}
	return os.WriteFile(path, []byte(text.String()), 0o644)
}

// fleet writes the lines of the spheres to the pipe.
func fleet(pipe io.WriteCloser) {
	spheres := []string{"abyssal", "benthos", "coelacanth", "dumbo", "fangtooth", "gulper"}
	out := bufio.NewWriterSize(pipe, 32<<10)
	due := time.Now()
	for number := 0; ; {
		at := time.Now().UnixMicro()
		for i := 0; i < linesPerTick; i++ {
			number++
			sphere, depth := spheres[rand.Intn(len(spheres))], 20+rand.Intn(900)
			switch number % 5 {
			case 0:
				fmt.Fprintf(out, "%d %s hull: pressure %.2f bar at %d m\n", at, sphere, float64(depth)/9.8, depth)
			case 1:
				fmt.Fprintf(out, "%d %s air: oxygen %.1f percent, scrubber on\n", at, sphere, 19+rand.Float64()*3)
			case 2:
				fmt.Fprintf(out, "%d %s winch: tension %.1f kN, paid out %d m\n", at, sphere, 20+rand.Float64()*9, depth)
			case 3:
				fmt.Fprintf(out, "%d %s lamp: draws %.2f A\n", at, sphere, 4+rand.Float64())
			default:
				fmt.Fprintf(out, "%d %s crew: note %d from observer\n", at, sphere, number)
			}
		}
		if err := out.Flush(); err != nil {
			return
		}
		due = due.Add(tick)
		if now := time.Now(); due.Before(now.Add(-time.Second)) {
			due = now
		}
		time.Sleep(time.Until(due))
	}
}

func main() {
	logFile, err := os.Create("bathysphere.log")
	if err != nil {
		log.Fatal(err)
	}
	log.SetOutput(logFile)
	if err := os.WriteFile("rules.txt", []byte(rulesText), 0o644); err != nil {
		log.Fatal(err)
	}
	rules, err := loadRules("rules.txt")
	if err != nil {
		log.Fatal(err)
	}
	in, out, err := os.Pipe()
	if err != nil {
		log.Fatal(err)
	}
	go fleet(out)
	s := &station{rules: rules, extents: make(map[key]*extent)}
	scanner := bufio.NewScanner(in)
	fmt.Println("ready", os.Getpid())
	reported := time.Now()
	for scanner.Scan() {
		s.take(scanner.Text())
		if s.lines%linesPerTick == 0 && time.Since(reported) >= reportEvery {
			reported = time.Now()
			if err := s.report("extents.csv"); err != nil {
				log.Fatal(err)
			}
			log.Printf("%d lines, %d without a rule, lag %v", s.lines, s.unmatched, s.lag)
		}
	}
	log.Fatal(scanner.Err())
}
