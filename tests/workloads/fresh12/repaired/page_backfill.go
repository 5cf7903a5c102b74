// expect: healthy bench
// Fills the word index of a newspaper's archive, issue by issue: the pages' text lies in a store in another house, is
// fetched page by page (all of an issue at once), cut into words, and added to the index of its decade, which readers
// search meanwhile.
// Measured: an issue takes 29 ms; 180 ms in the problem.
package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log"
	"math/rand"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"
	"unicode"
)

const pagesOfIssue, every, firstYear, years = 24, 300 * time.Millisecond, 1880, 60

var vocabulary = strings.Fields("harbour council strike wheat rail bridge theatre election storm market bishop coal " +
	"cricket verdict ferry school flood prize exchange parade inquest wages mayor regatta tariff steamer gazette")

// runStore is the store, which runs as a program of its own until whoever started it is gone.
func runStore() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(listener.Addr())
	os.Stdout.Close()
	go func() {
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	http.Serve(listener, http.HandlerFunc(func(answer http.ResponseWriter, question *http.Request) {
		time.Sleep(14 * time.Millisecond)
		dice := rand.New(rand.NewSource(int64(len(question.URL.Path)) * time.Now().UnixNano()))
		var text strings.Builder
		for words := 0; words < 500; words++ {
			text.WriteString(vocabulary[dice.Intn(len(vocabulary))])
			text.WriteString([]string{" ", ", ", ". "}[dice.Intn(3)])
		}
		io.WriteString(answer, text.String())
	}))
}

// startStore starts the store beside this program, and tells its address.
func startStore() (string, error) {
	program, err := os.Executable()
	if err != nil {
		return "", err
	}
	read, write, err := os.Pipe()
	if err != nil {
		return "", err
	}
	defer read.Close()
	storeKeeper = write
	shell := exec.Command("sh", "-c", `exec 4>&1; "$0" <&3 >&4 2>/dev/null 3<&- 4>&- & exit 0`, program)
	shell.Env = append(os.Environ(), "PAGE_STORE=1")
	shell.ExtraFiles = []*os.File{read}
	said, err := shell.Output()
	return strings.TrimSpace(string(said)), err
}

var storeKeeper *os.File // (its end tells the store that this program is gone)

// Issue is the newspaper of one day.
type Issue struct {
	Year, Number int
}

// Store fetches pages.
type Store struct {
	base   string
	client *http.Client
}

func newStore(address string) *Store {
	transport := &http.Transport{
		MaxConnsPerHost:     pagesOfIssue,
		MaxIdleConnsPerHost: pagesOfIssue,
		IdleConnTimeout:     time.Minute,
	}
	return &Store{"http://" + address, &http.Client{Transport: transport, Timeout: 10 * time.Second}}
}

func (store *Store) page(ctx context.Context, issue Issue, number int) ([]string, error) {
	address := fmt.Sprintf("%s/%d/%d/%d", store.base, issue.Year, issue.Number, number)
	question, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	answer, err := store.client.Do(question)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("page %s: %s", address, answer.Status)
	}
	text, err := io.ReadAll(answer.Body)
	return strings.FieldsFunc(string(text), func(letter rune) bool { return !unicode.IsLetter(letter) }), err
}

// Index counts on how many pages a word stands, by decade.
type Index struct {
	mutex   sync.RWMutex
	decades map[int]map[string]int
}

func (index *Index) add(year int, words map[string]bool) {
	index.mutex.Lock()
	defer index.mutex.Unlock()
	decade := index.decades[year/10]
	if decade == nil {
		decade = map[string]int{}
		index.decades[year/10] = decade
	}
	for word := range words {
		decade[word]++
	}
}

func (index *Index) pages(word string) int {
	index.mutex.RLock()
	defer index.mutex.RUnlock()
	sum := 0
	for _, decade := range index.decades {
		sum += decade[word]
	}
	return sum
}

// fill indexes all pages of an issue.
func fill(ctx context.Context, store *Store, index *Index, issue Issue) error {
	errors := make(chan error, pagesOfIssue)
	for number := 1; number <= pagesOfIssue; number++ {
		go func(number int) {
			words, err := store.page(ctx, issue, number)
			if err == nil {
				seen := make(map[string]bool, len(vocabulary))
				for _, word := range words {
					seen[word] = true
				}
				index.add(issue.Year, seen)
			}
			errors <- err
		}(number)
	}
	var first error
	for number := 1; number <= pagesOfIssue; number++ {
		if err := <-errors; err != nil && first == nil {
			first = err
		}
	}
	return first
}

// readers look words up, a few at a time.
func readers(index *Index, journal *bufio.Writer) {
	dice := rand.New(rand.NewSource(7))
	for range time.Tick(250 * time.Millisecond) {
		word := vocabulary[dice.Intn(len(vocabulary))]
		fmt.Fprintf(journal, "%s: on %d pages\n", word, index.pages(word))
	}
}

func main() {
	if os.Getenv("PAGE_STORE") != "" {
		runStore()
		return
	}
	address, err := startStore()
	if err != nil {
		log.Fatal(err)
	}
	journal, err := os.CreateTemp("", "lookups")
	if err != nil {
		log.Fatal(err)
	}
	defer os.Remove(journal.Name())
	store, index := newStore(address), &Index{decades: map[int]map[string]int{}}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	go readers(index, bufio.NewWriter(journal))
	fmt.Println("ready", os.Getpid())
	pace := time.NewTicker(every)
	spent := time.Duration(0)
	for filled := 0; ; {
		select {
		case <-pace.C:
			began := time.Now()
			if err := fill(ctx, store, index, Issue{firstYear + filled%years, filled}); err != nil && ctx.Err() == nil {
				log.Print(err)
			}
			filled, spent = filled+1, spent+time.Since(began)
			if filled%20 == 0 {
				log.Printf("%d issues, %.0f ms each", filled, spent.Seconds()*1000/float64(filled))
			}
		case <-ctx.Done():
			return
		}
	}
}
