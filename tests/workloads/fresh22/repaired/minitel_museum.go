// expect: healthy bench
// The message board of a computer museum's Minitels: visitors type on the old terminals, whose pages come here in
// Latin-1 over TCP; they are made UTF-8, cleaned of control codes, checked, indexed by word, and shown on a wall.
//
// Measured: a page takes 2.0 ms, in the twin 0.05 ms; 37 % of a core with the children, in the twin 2 %, at 240 pages a
// second.
package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode"
	"unicode/utf8"
)

const (
	terminals = 6
	kept      = 600
	longest   = 4096
	perSecond = 240
)

var errTooLong = errors.New("page is too long")

// A Page is what one visitor sent off at a terminal.
type Page struct {
	Number   int64
	Terminal uint16
	Lines    []string
	Words    []string
}

// readPage takes one page off the line: two bytes of terminal, two of length, and the text as it was typed.
func readPage(from *bufio.Reader) (uint16, []byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(from, head[:]); err != nil {
		return 0, nil, err
	}
	length := binary.BigEndian.Uint16(head[2:])
	if length > longest {
		return 0, nil, errTooLong
	}
	text := make([]byte, length)
	_, err := io.ReadFull(from, text)
	return binary.BigEndian.Uint16(head[:2]), text, err
}

// decode makes UTF-8 of the character set of the terminals.
func decode(text []byte) (string, error) {
	made := make([]byte, 0, len(text)*5/4)
	for _, char := range text {
		made = utf8.AppendRune(made, rune(char)) // Latin-1 is the first 256 of Unicode
	}
	return string(made), nil
}

// clean leaves out control codes and cuts the text to lines of the terminal's 40 columns.
func clean(text string) []string {
	var lines []string
	var line strings.Builder
	column := 0
	for _, r := range text {
		switch {
		case r == '\n' || column == 40:
			lines = append(lines, strings.TrimRight(line.String(), " "))
			line.Reset()
			column = 0
			if r == '\n' {
				continue
			}
		case unicode.IsControl(r):
			continue
		}
		line.WriteRune(r)
		column++
	}
	if line.Len() > 0 {
		lines = append(lines, line.String())
	}
	return lines
}

func words(lines []string) []string {
	var found []string
	seen := make(map[string]bool)
	for _, line := range lines {
		for _, word := range strings.FieldsFunc(line, func(r rune) bool { return !unicode.IsLetter(r) }) {
			word = strings.ToLower(word)
			if len(word) > 3 && !seen[word] {
				seen[word] = true
				found = append(found, word)
			}
		}
	}
	return found
}

// The Wall keeps the latest pages, and where each word is on them.
type Wall struct {
	mutex  sync.RWMutex
	pages  [kept]*Page
	next   int64
	byWord map[string]map[int64]struct{}
}

func NewWall() *Wall {
	return &Wall{byWord: make(map[string]map[int64]struct{})}
}

func (w *Wall) Put(page *Page) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	page.Number = w.next
	place := w.next % kept
	w.next++
	if old := w.pages[place]; old != nil {
		for _, word := range old.Words {
			delete(w.byWord[word], old.Number)
			if len(w.byWord[word]) == 0 {
				delete(w.byWord, word)
			}
		}
	}
	w.pages[place] = page
	for _, word := range page.Words {
		if w.byWord[word] == nil {
			w.byWord[word] = make(map[int64]struct{})
		}
		w.byWord[word][page.Number] = struct{}{}
	}
}

// Popular tells the word that is on most pages.
func (w *Wall) Popular() (string, int) {
	w.mutex.RLock()
	defer w.mutex.RUnlock()
	best, most := "", 0
	for word, pages := range w.byWord {
		if len(pages) > most || len(pages) == most && word < best {
			best, most = word, len(pages)
		}
	}
	return best, most
}

type Board struct {
	wall  *Wall
	taken int64
	bad   int64
	spent int64
}

func (b *Board) take(terminal uint16, text []byte) error {
	began := time.Now()
	defer func() { atomic.AddInt64(&b.spent, int64(time.Since(began))) }()
	decoded, err := decode(text)
	if err != nil {
		return err
	}
	lines := clean(decoded)
	if len(lines) == 0 {
		return errors.New("page is empty")
	}
	b.wall.Put(&Page{Terminal: terminal, Lines: lines, Words: words(lines)})
	atomic.AddInt64(&b.taken, 1)
	return nil
}

func (b *Board) serve(line net.Conn) {
	defer line.Close()
	from := bufio.NewReader(line)
	for {
		terminal, text, err := readPage(from)
		if err != nil {
			if err != io.EOF {
				log.Print(err)
			}
			return
		}
		if err := b.take(terminal, text); err != nil {
			if atomic.AddInt64(&b.bad, 1)%100 == 1 {
				log.Printf("terminal %d: %v", terminal, err)
			}
		}
	}
}

// visitors type at the terminals; they are a process of their own.
func visitors(address string) {
	vocabulary := strings.Fields("bonjour \xe9t\xe9 h\xf4tel gar\xe7on annuaire se\xf1or stra\xdfe t\xe9l\xe9matique " +
		"rose 3615 mus\xe9e No\xebl \xe0 bient\xf4t je t'aime \xe9cran clavier ligne message fran\xe7ais d\xe9j\xe0 vu")
	var lines []net.Conn
	for i := 0; i < terminals; i++ {
		line, err := net.Dial("tcp", address)
		if err != nil {
			log.Fatal(err)
		}
		lines = append(lines, line)
	}
	for number := range time.Tick(time.Second / perSecond) {
		var text []byte
		for i := 20 + rand.Intn(60); i > 0; i-- {
			text = append(text, vocabulary[rand.Intn(len(vocabulary))]...)
			text = append(text, " \n"[rand.Intn(9)/8], byte(rand.Intn(9)/8*7))
		}
		terminal := int(number.UnixNano()/1000) % terminals
		page := make([]byte, 4, 4+len(text))
		binary.BigEndian.PutUint16(page, uint16(terminal))
		binary.BigEndian.PutUint16(page[2:], uint16(len(text)))
		if _, err := lines[terminal].Write(append(page, text...)); err != nil {
			return
		}
	}
}

func main() {
	if len(os.Args) == 3 && os.Args[1] == "visitors" {
		visitors(os.Args[2])
		return
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	board := &Board{wall: NewWall()}
	self, err := os.Executable()
	if err != nil {
		log.Fatal(err)
	}
	start := exec.Command("sh", "-c", `"$0" visitors "$1" >/dev/null 2>&1 &`, self, listener.Addr().String())
	if err := start.Run(); err != nil {
		log.Fatal(err)
	}
	for i := 0; i < terminals; i++ {
		line, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go board.serve(line)
	}
	time.Sleep(time.Second)
	fmt.Printf("ready %d\n", os.Getpid())
	for range time.Tick(10 * time.Second) {
		taken := atomic.LoadInt64(&board.taken)
		word, pages := board.wall.Popular()
		each := float64(atomic.LoadInt64(&board.spent)) / 1e3 / float64(taken)
		log.Printf("%d pages, %d bad, %.0f us each; %s on %d", taken, atomic.LoadInt64(&board.bad), each, word, pages)
	}
}
