// expect: healthy bench
// Counts who looks at the pages of a newspaper, in Redis: views, visitors, and the most read pages of the hour.
package main

import (
	"bufio"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

const (
	pages = 900
	most  = 250
)

type view struct {
	page    int
	visitor string
	agent   string
}

// counter speaks to Redis over one line.
type counter struct {
	out *bufio.Writer
	in  *bufio.Reader
}

func dial(address string) (*counter, error) {
	line, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	return &counter{bufio.NewWriterSize(line, 1<<17), bufio.NewReaderSize(line, 1<<16)}, nil
}

func (c *counter) send(words ...string) {
	fmt.Fprintf(c.out, "*%d\r\n", len(words))
	for _, word := range words {
		fmt.Fprintf(c.out, "$%d\r\n%s\r\n", len(word), word)
	}
}

// answer reads a number or a short text.
func (c *counter) answer() (string, error) {
	line, err := c.in.ReadString('\n')
	if err != nil {
		return "", err
	}
	kind, rest := line[0], strings.TrimRight(line[1:], "\r\n")
	switch kind {
	case '-':
		return "", fmt.Errorf("redis says %s", rest)
	case '$':
		size, err := strconv.Atoi(rest)
		if err != nil || size < 0 {
			return "", err
		}
		text := make([]byte, size+2)
		_, err = io.ReadFull(c.in, text)
		return string(text[:size]), err
	}
	return rest, nil
}

// count sends all that is to be counted at once, and then reads the answers.
func (c *counter) count(views []view, hour int) error {
	hourly := fmt.Sprintf("hour:%d", hour)
	for _, one := range views {
		page := strconv.Itoa(one.page)
		c.send("INCR", "views:"+page)
		c.send("PFADD", "visitors:"+page, one.visitor)
		c.send("ZINCRBY", hourly, "1", page)
		c.send("HINCRBY", "agents", one.agent, "1")
	}
	c.send("EXPIRE", hourly, "7200")
	if err := c.out.Flush(); err != nil {
		return err
	}
	for left := 4*len(views) + 1; left > 0; left-- {
		if _, err := c.answer(); err != nil {
			return err
		}
	}
	return nil
}

// parse takes the line of an access log apart; robots are left out.
func parse(line string) (view, bool) {
	fields := strings.Fields(line)
	if len(fields) < 4 || strings.Contains(fields[3], "bot") {
		return view{}, false
	}
	page, err := strconv.Atoi(strings.TrimPrefix(fields[1], "/page/"))
	visitor := fmt.Sprintf("%08x", crc32.ChecksumIEEE([]byte(fields[0]+fields[3])))
	return view{page, visitor, strings.SplitN(fields[3], "/", 2)[0]}, err == nil
}

func accesses(lines chan<- string) {
	agents := []string{"Firefox/141", "Chrome/139", "Safari/18", "somebot/2"}
	for i := 0; ; i++ {
		lines <- fmt.Sprintf("10.1.%d.%d /page/%d 200 %s", i*31%250, i*7%250, i*i%pages, agents[i*13%7%4])
	}
}

func main() {
	python := os.Getenv("PYTHON")
	if python == "" {
		python = "python3"
	}
	starts := exec.Command(python, os.Getenv("SERVICES"), "redis")
	starts.Stderr = os.Stderr
	port, err := starts.Output()
	if err != nil {
		panic(err)
	}
	counts, err := dial("127.0.0.1:" + strings.TrimSpace(string(port)))
	if err != nil {
		panic(err)
	}
	log, err := os.Create("views.log")
	if err != nil {
		panic(err)
	}
	lines := make(chan string, 500)
	go accesses(lines)
	var counted int64
	began := time.Now()
	go func() {
		for range time.Tick(time.Second) {
			fmt.Fprintf(log, "%d %d views\n", time.Since(began).Milliseconds(), atomic.LoadInt64(&counted))
		}
	}()
	fmt.Println("ready", os.Getpid())
	views := make([]view, 0, most)
	for line := range lines {
		if one, fine := parse(line); fine {
			views = append(views, one)
		}
		if len(views) == most || len(views) > 0 && len(lines) == 0 {
			if err := counts.count(views, int(time.Since(began).Hours())); err != nil {
				panic(err)
			}
			atomic.AddInt64(&counted, int64(len(views)))
			views = views[:0]
		}
	}
}
