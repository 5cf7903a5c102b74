// expect: healthy bench
// Runs the sale of an auction house for antiques: bids come from the room, and the book of commissions, which absent
// buyers left beforehand, bids against them.
// Measured: a bid takes 8.8 µs of CPU, 40 % of it in the collector, 30 % to make objects; in the twin 0.25 µs.
package main

import (
	"fmt"
	"log"
	"math/rand"
	"os"
	"sort"
	"sync"
	"time"
)

const lotsOfSale, buyersKnown = 9000, 20000

// Buyer is somebody who has registered, with what they may spend.
type Buyer struct {
	Paddle int
	Name   string
	Limit  int
	Won    []*Lot
}

// Commission is what an absent buyer would pay for a lot at most.
type Commission struct {
	Buyer   *Buyer
	Most    int
	Left    time.Time
	Remarks string
}

// Lot is one thing for sale, its commissions from the highest down.
type Lot struct {
	Title             string
	Reserve, standing int
	holder            *Buyer
	commissions       []*Commission
}

// step is by how much a bid must be above the last.
func step(standing int) int {
	if standing < 1000 {
		return 10 + standing/200*10
	}
	return standing / 20 / 50 * 50
}

// House holds the catalogue and takes the bids.
type House struct {
	mutex       sync.Mutex
	lots        []*Lot
	buyers      []*Buyer
	sold, taken int
}

func open(seed int64) *House {
	dice := rand.New(rand.NewSource(seed))
	house := &House{}
	for paddle := 0; paddle < buyersKnown; paddle++ {
		name := fmt.Sprintf("buyer %05d", paddle)
		house.buyers = append(house.buyers, &Buyer{Paddle: paddle, Name: name, Limit: 50000 + dice.Intn(90000)})
	}
	things := []string{"commode", "bracket clock", "tureen", "miniature", "samovar", "etching", "bureau"}
	for number := 0; number < lotsOfSale; number++ {
		title := fmt.Sprintf("%s, no. %d", things[dice.Intn(len(things))], number)
		lot := &Lot{Title: title, Reserve: 100 + dice.Intn(400)}
		for left := 20 + dice.Intn(40); left > 0; left-- {
			buyer := house.buyers[dice.Intn(buyersKnown)]
			remark := fmt.Sprintf("by post, paddle %d", buyer.Paddle)
			lot.commissions = append(lot.commissions, &Commission{buyer, 100 + dice.Intn(4000), time.Now(), remark})
		}
		sort.SliceStable(lot.commissions, func(a, b int) bool { return lot.commissions[a].Most > lot.commissions[b].Most })
		house.lots = append(house.lots, lot)
	}
	return house
}

// answer is the commission that beats a bid, or nil.
func answer(lot *Lot, bid int, by *Buyer) *Commission {
	for _, each := range lot.commissions {
		if each.Most < bid+step(bid) {
			break
		}
		if each.Buyer != by {
			return each
		}
	}
	return nil
}

// Bid takes one from the room, if it is high enough, and lets the book answer.
func (house *House) Bid(lot *Lot, by *Buyer, amount int) bool {
	house.mutex.Lock()
	defer house.mutex.Unlock()
	if lot.standing > 0 && amount < lot.standing+step(lot.standing) || amount > by.Limit {
		return false
	}
	lot.standing, lot.holder = amount, by
	house.taken++
	if against := answer(lot, amount, by); against != nil {
		lot.standing, lot.holder = amount+step(amount), against.Buyer
	}
	return true
}

// hammer ends a lot.
func (house *House) hammer(lot *Lot) {
	house.mutex.Lock()
	defer house.mutex.Unlock()
	if lot.holder != nil && lot.standing >= lot.Reserve {
		if len(lot.holder.Won) < 20 {
			lot.holder.Won = append(lot.holder.Won, lot)
		}
		house.sold++
	}
	lot.standing, lot.holder = 0, nil
}

// room sells lots one after the other, to some who sit there.
func (house *House) room(dice *rand.Rand) {
	for range time.Tick(5 * time.Millisecond) {
		for sales := 0; sales < 12; sales++ {
			lot := house.lots[dice.Intn(len(house.lots))]
			for amount := lot.Reserve / 2; amount < 4000; amount = lot.standing + step(lot.standing) {
				if !house.Bid(lot, house.buyers[dice.Intn(len(house.buyers))], amount) {
					break
				}
			}
			house.hammer(lot)
		}
	}
}

func main() {
	log.SetFlags(log.Lmicroseconds)
	house := open(1897)
	fmt.Println("ready", os.Getpid())
	go house.room(rand.New(rand.NewSource(3)))
	for last := 0; ; {
		time.Sleep(2 * time.Second)
		house.mutex.Lock()
		log.Printf("%d bids a second, %d lots sold", (house.taken-last)/2, house.sold)
		last = house.taken
		house.mutex.Unlock()
	}
}
