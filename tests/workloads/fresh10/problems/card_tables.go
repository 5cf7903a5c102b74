// expect: pattern=polling-loop bench
// Whist online: four players sit at a table, each on a connection of their own. A table says whose turn it is, takes the
// card, tells it to the others, and counts the tricks; after thirteen of them the next one deals.
// Measured: 280 cards a second, each seen 2.7 ms after it came; in the twin 400 to 470, seen after less than 0.01 ms.
package main

import (
	"bufio"
	"fmt"
	"log"
	"math/rand"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	tables = 6
	seats  = 4
	inHand = 13
	glance = 4 * time.Millisecond
)

// Card is a number from 0 to 51; four after each other have the same rank.
type Card int

func (card Card) suit() int { return int(card) % 4 }
func (card Card) rank() int { return int(card) / 4 }

func (card Card) String() string {
	return string("23456789TJQKA"[card.rank()]) + string("CDHS"[card.suit()])
}

// Played is a card that came from a player, and when.
type Played struct {
	card Card
	came time.Time
}

// Seat is a player's place: what has come from there and what has to go there.
type Seat struct {
	line net.Conn

	mutex sync.Mutex
	cards []Played
	told  []string
}

// tell leaves a message for the player.
func (seat *Seat) tell(format string, values ...interface{}) {
	seat.mutex.Lock()
	seat.told = append(seat.told, fmt.Sprintf(format, values...))
	seat.mutex.Unlock()
}

// card waits for the next card of the player.
func (seat *Seat) card() Played {
	for { // <- cost
		seat.mutex.Lock()
		if len(seat.cards) > 0 {
			card := seat.cards[0]
			seat.cards = seat.cards[:copy(seat.cards, seat.cards[1:])]
			seat.mutex.Unlock()
			return card
		}
		seat.mutex.Unlock()
		time.Sleep(glance) // <- cost
	}
}

// write sends what the table has left for the player.
func (seat *Seat) write() {
	for { // <- cost
		seat.mutex.Lock()
		told := seat.told
		seat.told = nil
		seat.mutex.Unlock()
		if len(told) == 0 {
			time.Sleep(glance) // <- cost
			continue
		}
		if _, err := seat.line.Write([]byte(strings.Join(told, ""))); err != nil {
			return
		}
	}
}

// read takes the cards that the player sends.
func (seat *Seat) read() {
	lines := bufio.NewScanner(seat.line)
	for lines.Scan() {
		number, err := strconv.Atoi(strings.TrimPrefix(lines.Text(), "CARD "))
		if err != nil || number < 0 || number > 51 {
			seat.tell("NO %s\n", lines.Text())
			continue
		}
		seat.mutex.Lock()
		seat.cards = append(seat.cards, Played{Card(number), time.Now()})
		seat.mutex.Unlock()
	}
}

// Table is four seats and their score.
type Table struct {
	number int
	seats  [seats]*Seat
	chance *rand.Rand
	tricks [seats]int
	played int64
	waited int64
}

// deal gives everybody their cards, and says what is trumps.
func (table *Table) deal() int {
	deck := table.chance.Perm(52)
	for place, seat := range table.seats {
		words := make([]string, inHand)
		for i, card := range deck[place*inHand : (place+1)*inHand] {
			words[i] = strconv.Itoa(card)
		}
		seat.tell("HAND %s\n", strings.Join(words, " "))
	}
	return deck[51] % 4
}

// better tells whether a card takes another one.
func better(card, best Card, trumps int) bool {
	if card.suit() == best.suit() {
		return card.rank() > best.rank()
	}
	return card.suit() == trumps
}

// trick is one card from each; gives who takes it.
func (table *Table) trick(leader, trumps int) int {
	taker, best := leader, Card(-1)
	for turn := 0; turn < seats; turn++ {
		place := (leader + turn) % seats
		suit := -1
		if best >= 0 {
			suit = best.suit()
		}
		table.seats[place].tell("TURN %d\n", suit)
		played := table.seats[place].card() // <- cost
		atomic.AddInt64(&table.waited, int64(time.Since(played.came)))
		atomic.AddInt64(&table.played, 1)
		for other, seat := range table.seats {
			if other != place {
				seat.tell("SEEN %d %v\n", place, played.card)
			}
		}
		if best < 0 || better(played.card, best, trumps) {
			taker, best = place, played.card
		}
	}
	return taker
}

// play goes on for as long as people want to.
func (table *Table) play() {
	for leader := 0; ; leader = (leader + 1) % seats {
		trumps := table.deal()
		taker := leader
		for i := 0; i < inHand; i++ {
			taker = table.trick(taker, trumps) // <- cost
			table.tricks[taker]++
		}
		for _, seat := range table.seats {
			seat.tell("SCORE %v\n", table.tricks)
		}
	}
}

// players stands for the people, in a process of its own, which ends when the house closes.
func players(address string) {
	var all sync.WaitGroup
	for i := 0; i < tables*seats; i++ {
		line, err := net.Dial("tcp", address)
		if err != nil {
			log.Fatal(err)
		}
		all.Add(1)
		go func(seed int64) {
			defer all.Done()
			player(line, rand.New(rand.NewSource(seed)))
		}(int64(i))
	}
	all.Wait()
}

func player(line net.Conn, chance *rand.Rand) {
	var hand []int
	for said := bufio.NewScanner(line); said.Scan(); {
		words := strings.Fields(said.Text())
		switch words[0] {
		case "HAND":
			hand = hand[:0]
			for _, word := range words[1:] {
				card, _ := strconv.Atoi(word)
				hand = append(hand, card)
			}
		case "TURN":
			time.Sleep(time.Duration(8+chance.Intn(8)) * time.Millisecond)
			at := 0
			for i, card := range hand {
				if strconv.Itoa(card%4) == words[1] {
					at = i
				}
			}
			fmt.Fprintf(line, "CARD %d\n", hand[at])
			hand = append(hand[:at], hand[at+1:]...)
		}
	}
}

func main() {
	if address := os.Getenv("WHIST_HOUSE"); address != "" {
		players(address)
		return
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	own, err := os.Executable()
	if err != nil {
		log.Fatal(err)
	}
	guests := exec.Command("/bin/sh", "-c", `"$0" >/dev/null 2>&1 &`, own)
	guests.Env = append(os.Environ(), "WHIST_HOUSE="+listener.Addr().String())
	if err := guests.Run(); err != nil {
		log.Fatal(err)
	}
	house := make([]*Table, tables)
	for number := range house {
		table := &Table{number: number, chance: rand.New(rand.NewSource(int64(number)))}
		for place := range table.seats {
			line, err := listener.Accept()
			if err != nil {
				log.Fatal(err)
			}
			seat := &Seat{line: line}
			table.seats[place] = seat
			go seat.read()
			go seat.write() // <- cost
		}
		house[number] = table
		go table.play() // <- cost
	}
	fmt.Println("ready", os.Getpid())
	for began := time.Now(); ; {
		time.Sleep(2 * time.Second)
		var played, waited int64
		for _, table := range house {
			played += atomic.LoadInt64(&table.played)
			waited += atomic.LoadInt64(&table.waited)
		}
		log.Printf("%.0f cards a second, seen after %.2f ms", float64(played)/time.Since(began).Seconds(), float64(waited)/1e6/float64(played))
	}
}
