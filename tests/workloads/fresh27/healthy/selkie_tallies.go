// expect: healthy bench
// Tallies of "Selkie Songs": game servers stay connected and send a line "sung SINGER POINTS" for each song; the answer is the
// singer's new total and rank. "top" gives the first ten. An empty line ends each answer.
package main

import (
	"bufio"
	"bytes"
	"fmt"
	"log"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	singers   = 50000
	mostTotal = 1 << 20
	topPlaces = 10
	servers   = 12
)

// Tally counts, in a Fenwick tree over the totals, how many singers have which total.
type Tally struct {
	mu     sync.Mutex
	totals []int32
	counts []int32
	top    []int32
}

func NewTally() *Tally {
	t := &Tally{totals: make([]int32, singers), counts: make([]int32, mostTotal+1)}
	for singer := range t.totals {
		total := int32(singer * 7919 % 20011)
		t.totals[singer] = total
		t.add(total, 1)
		t.rise(int32(singer))
	}
	return t
}

func (t *Tally) add(total, change int32) {
	for at := int(total) + 1; at < len(t.counts); at += at & -at {
		t.counts[at] += change
	}
}

// upTo is how many singers have at most this total.
func (t *Tally) upTo(total int32) int32 {
	sum := int32(0)
	for at := int(total) + 1; at > 0; at -= at & -at {
		sum += t.counts[at]
	}
	return sum
}

// rise puts a singer whose total has grown to the right place among the first.
func (t *Tally) rise(singer int32) {
	at := -1
	for i, other := range t.top {
		if other == singer {
			at = i
			break
		}
	}
	if at < 0 {
		if len(t.top) < topPlaces {
			t.top = append(t.top, singer)
		} else if t.totals[singer] > t.totals[t.top[topPlaces-1]] {
			t.top[topPlaces-1] = singer
		} else {
			return
		}
		at = len(t.top) - 1
	}
	for ; at > 0 && t.totals[t.top[at]] > t.totals[t.top[at-1]]; at-- {
		t.top[at], t.top[at-1] = t.top[at-1], t.top[at]
	}
}

// Sung adds points; the singer's total and rank.
func (t *Tally) Sung(singer, points int32) (int32, int32) {
	t.mu.Lock()
	defer t.mu.Unlock()
	before := t.totals[singer]
	total := before + points
	if total >= mostTotal {
		total = mostTotal - 1
	}
	t.totals[singer] = total
	t.add(before, -1)
	t.add(total, 1)
	t.rise(singer)
	return total, singers - t.upTo(total) + 1
}

func (t *Tally) writeTop(w *bufio.Writer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, singer := range t.top {
		fmt.Fprintf(w, "%d %d\n", singer, t.totals[singer])
	}
}

func (t *Tally) answer(line []byte, w *bufio.Writer) {
	word, rest, _ := bytes.Cut(line, []byte(" "))
	switch string(word) {
	case "top":
		t.writeTop(w)
	case "sung":
		who, what, _ := bytes.Cut(rest, []byte(" "))
		singer, err := strconv.Atoi(string(who))
		points, wrong := strconv.Atoi(string(what))
		if err != nil || wrong != nil || singer < 0 || singer >= singers || points < 0 || points > 1000 {
			w.WriteString("refused\n")
			break
		}
		total, rank := t.Sung(int32(singer), int32(points))
		number := make([]byte, 0, 24)
		number = strconv.AppendInt(number, int64(total), 10)
		number = append(number, ' ')
		number = strconv.AppendInt(number, int64(rank), 10)
		w.Write(append(number, '\n'))
	default:
		w.WriteString("unknown\n")
	}
	w.WriteByte('\n')
}

func (t *Tally) serve(conn net.Conn) {
	defer conn.Close()
	lines := bufio.NewReader(conn)
	w := bufio.NewWriter(conn)
	for {
		line, err := lines.ReadSlice('\n')
		if err != nil {
			return
		}
		t.answer(bytes.TrimSpace(line), w)
		if lines.Buffered() == 0 && w.Flush() != nil {
			return
		}
	}
}

func startServers(port int) error {
	questions := make([]string, 0, 128)
	for i := 0; i < 125; i++ {
		questions = append(questions, fmt.Sprintf("sung %d %d", i*i*379%singers, i%7))
	}
	questions = append(questions, "top")
	clients := filepath.Join(filepath.Dir(os.Getenv("SERVICES")), "clients.py")
	return exec.Command(os.Getenv("PYTHON"), clients, "lines", strconv.Itoa(port), strings.Join(questions, ","),
		strconv.Itoa(servers), "0.01").Run()
}

func main() {
	tally := NewTally()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go func() {
		if err := startServers(listener.Addr().(*net.TCPAddr).Port); err != nil {
			log.Fatal(err)
		}
		time.Sleep(time.Second)
		fmt.Println("ready", os.Getpid())
	}()
	for {
		conn, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go tally.serve(conn)
	}
}
