// expect: healthy bench
// Watches the sensors of an office building: every reading comes as a line, is held against the rules of the caretaker,
// and is answered with the notices that follow from it.
// Measured: 173 us of a core for each reading, 47 us in the twin.
package main

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"text/template"
	"time"
)

// rule is one line of the caretaker's list: which sensors, the limits, and what to say.
type rule struct {
	sensors   string
	low, high float64
	notice    string
}

var rules = []rule{
	{`^floor-(\d+)/room-(\d+)/temp$`, 17, 26, "{{.Sensor}}: {{.Value}} degrees, wanted {{.Low}} to {{.High}}"},
	{`^floor-(\d+)/(hall|stairs)/temp$`, 12, 28, "{{.Sensor}}: {{.Value}} degrees on the way"},
	{`^floor-(\d+)/room-(\d+)/co2$`, 0, 1200, "open a window: {{.Sensor}} has {{.Value}} ppm"},
	{`^floor-\d+/(room-\d+|hall)/(humidity|dew)$`, 30, 65, "{{.Sensor}} is at {{.Value}} percent"},
	{`^(roof|cellar)/pump-[a-f]/pressure$`, 1.5, 4.5, "pump: {{.Sensor}} {{.Value}} bar"},
	{`^cellar/tank-(oil|water)/level$`, 20, 95, "fill {{.Sensor}} up: {{.Value}}"},
}

// prepared is a rule that is ready for use.
type prepared struct {
	rule
	wanted *regexp.Regexp
	text   *template.Template
}

type reading struct {
	Sensor    string
	Value     float64
	Low, High float64
}

type caretaker struct {
	rules    []prepared
	readings int64
	notices  int64
	broken   int64
}

func newCaretaker(rules []rule) *caretaker {
	c := &caretaker{}
	for _, r := range rules {
		notice := template.Must(template.New("notice").Parse(r.notice))
		c.rules = append(c.rules, prepared{r, regexp.MustCompile(r.sensors), notice})
	}
	return c
}

func parse(line string) (reading, error) {
	sensor, number, found := strings.Cut(line, " ")
	if !found {
		return reading{}, fmt.Errorf("no value in %q", line)
	}
	value, err := strconv.ParseFloat(number, 64)
	return reading{Sensor: sensor, Value: value}, err
}

func (r *prepared) matches(sensor string) bool {
	return r.wanted.MatchString(sensor)
}

func (r *prepared) say(out *strings.Builder, one reading) error {
	one.Low, one.High = r.low, r.high
	if err := r.text.Execute(out, one); err != nil {
		return err
	}
	out.WriteByte('\n')
	return nil
}

func (c *caretaker) judge(one reading) string {
	var out strings.Builder
	for at := range c.rules {
		r := &c.rules[at]
		if !r.matches(one.Sensor) {
			continue
		}
		if one.Value >= r.low && one.Value <= r.high {
			break
		}
		if err := r.say(&out, one); err != nil {
			out.WriteString(err.Error() + "\n")
		}
		atomic.AddInt64(&c.notices, 1)
	}
	if out.Len() == 0 {
		out.WriteString("fine\n")
	}
	out.WriteByte('\n')
	return out.String()
}

func (c *caretaker) attend(line net.Conn) {
	defer line.Close()
	lines := bufio.NewScanner(line)
	for lines.Scan() {
		one, err := parse(lines.Text())
		answer := "broken\n\n"
		if err != nil {
			atomic.AddInt64(&c.broken, 1)
		} else {
			atomic.AddInt64(&c.readings, 1)
			answer = c.judge(one)
		}
		if _, err := line.Write([]byte(answer)); err != nil {
			return
		}
	}
}

func sensors() string {
	lines := []string{"floor-1/lift broken"}
	for n := 0; n < 40; n++ {
		lines = append(lines,
			fmt.Sprintf("floor-%d/room-%d/temp %.1f", n%9, n, 15+float64(n%14)),
			fmt.Sprintf("floor-%d/room-%d/co2 %d", n%9, n, 400+n*31%1000),
			fmt.Sprintf("floor-%d/hall/humidity %d", n%9, 25+n%45),
			fmt.Sprintf("cellar/pump-%c/pressure %.1f", 'a'+rune(n%6), 1+float64(n%40)/10))
	}
	return strings.Join(lines, ",")
}

func main() {
	log, err := os.Create("alerts.log")
	if err != nil {
		panic(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	c := newCaretaker(rules)
	go func() {
		for {
			line, err := listener.Accept()
			if err != nil {
				panic(err)
			}
			go c.attend(line)
		}
	}()
	port := strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
	clients := filepath.Join(filepath.Dir(os.Getenv("SERVICES")), "clients.py")
	if err := exec.Command(os.Getenv("PYTHON"), clients, "lines", port, sensors(), "3", "0.001").Run(); err != nil {
		panic(err)
	}
	fmt.Println("ready", os.Getpid())
	began := time.Now()
	for range time.Tick(time.Second) {
		read, said, broken := atomic.LoadInt64(&c.readings), atomic.LoadInt64(&c.notices), atomic.LoadInt64(&c.broken)
		fmt.Fprintf(log, "%d %d readings, %d notices, %d broken\n", time.Since(began).Milliseconds(), read, said, broken)
	}
}
