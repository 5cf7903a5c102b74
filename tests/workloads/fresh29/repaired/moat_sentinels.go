// expect: healthy bench
// Sentinels at the moat: reads what the outer walls' firewalls log, marks connections that come from networks on the deny
// feeds (some thousand of them, from several suppliers), and counts, per gate and supplier, what was let in nevertheless.
// Lines come in batches from the collector, about 20,000 a second.
//
// Measured: 20,000 lines a second: the problem 0.31-0.57 cores (busy machine), the twin 0.03.
package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand"
	"net"
	"os"
	"sort"
	"strconv"
	"sync"
	"time"
)

const (
	feedSize  = 5000
	batchSize = 1000
	tick      = 50 * time.Millisecond
)

type listed struct {
	network  *net.IPNet
	supplier string
	score    int
}

type denyList struct {
	byPrefix [33]map[uint32]*listed
	prefixes []int // that are in use, the longest first
}

func (d *denyList) add(network *net.IPNet, supplier string, score int) {
	ones, _ := network.Mask.Size()
	if d.byPrefix[ones] == nil {
		d.byPrefix[ones] = map[uint32]*listed{}
		d.prefixes = append(d.prefixes, ones)
		sort.Sort(sort.Reverse(sort.IntSlice(d.prefixes)))
	}
	key := binary.BigEndian.Uint32(network.IP)
	if d.byPrefix[ones][key] == nil {
		d.byPrefix[ones][key] = &listed{network, supplier, score}
	}
}

// find returns the entry with the longest prefix that holds the address.
func (d *denyList) find(ip net.IP) *listed {
	address := binary.BigEndian.Uint32(ip)
	for _, ones := range d.prefixes {
		if entry := d.byPrefix[ones][address&^(1<<(32-ones)-1)]; entry != nil {
			return entry
		}
	}
	return nil
}

type event struct {
	gate    string
	source  net.IP
	port    int
	allowed bool
}

// parse reads "gate=west src=10.1.2.3 port=443 verdict=allow".
func parse(line []byte) (event, error) {
	var e event
	for len(line) > 0 {
		word, rest, _ := bytes.Cut(line, []byte{' '})
		line = rest
		name, value, found := bytes.Cut(word, []byte{'='})
		if !found {
			return e, fmt.Errorf("no field: %q", word)
		}
		switch string(name) {
		case "gate":
			e.gate = string(value)
		case "src":
			e.source = net.ParseIP(string(value)).To4()
		case "port":
			port, err := strconv.Atoi(string(value))
			if err != nil {
				return e, err
			}
			e.port = port
		case "verdict":
			e.allowed = string(value) == "allow"
		}
	}
	if e.source == nil {
		return e, fmt.Errorf("no source")
	}
	return e, nil
}

type tally struct {
	sync.Mutex
	hits   map[string]int
	broken int
	lines  int
}

func (t *tally) worst(n int) []string {
	t.Lock()
	defer t.Unlock()
	names := make([]string, 0, len(t.hits))
	for name := range t.hits {
		names = append(names, name)
	}
	sort.Slice(names, func(a, b int) bool { return t.hits[names[a]] > t.hits[names[b]] })
	if len(names) > n {
		names = names[:n]
	}
	return names
}

func inspect(batch [][]byte, deny *denyList, counts *tally) {
	found := map[string]int{}
	broken := 0
	for _, line := range batch {
		e, err := parse(line)
		if err != nil {
			broken++
			continue
		}
		entry := deny.find(e.source)
		if entry == nil || !e.allowed {
			continue
		}
		found[e.gate+"/"+entry.supplier] += entry.score
	}
	counts.Lock()
	defer counts.Unlock()
	counts.lines += len(batch)
	counts.broken += broken
	for name, score := range found {
		counts.hits[name] += score
	}
}

func loadFeeds(random *rand.Rand) *denyList {
	deny := &denyList{}
	suppliers := []string{"heron", "bittern", "egret"}
	for i := 0; i < feedSize; i++ {
		ones := 14 + random.Intn(19)
		address := make(net.IP, 4)
		binary.BigEndian.PutUint32(address, random.Uint32())
		mask := net.CIDRMask(ones, 32)
		deny.add(&net.IPNet{IP: address.Mask(mask), Mask: mask}, suppliers[i%3], 1+i%9)
	}
	return deny
}

func collect(batches chan<- [][]byte, random *rand.Rand) {
	gates := []string{"west", "postern", "water", "kitchen"}
	for range time.Tick(tick) {
		batch := make([][]byte, 0, batchSize)
		for i := 0; i < batchSize; i++ {
			verdict := "drop"
			if random.Intn(3) > 0 {
				verdict = "allow"
			}
			source := random.Uint32()
			batch = append(batch, []byte(fmt.Sprintf("gate=%s src=%d.%d.%d.%d port=%d verdict=%s", gates[random.Intn(4)],
				source>>24, source>>16&255, source>>8&255, source&255, 20+random.Intn(9000), verdict)))
		}
		batches <- batch
	}
}

func main() {
	random := rand.New(rand.NewSource(11))
	deny := loadFeeds(random)
	counts := &tally{hits: map[string]int{}}
	batches := make(chan [][]byte, 8)
	go collect(batches, random)
	go func() {
		for range time.Tick(10 * time.Second) {
			fmt.Fprintln(os.Stderr, "worst", counts.worst(3))
		}
	}()
	fmt.Println("ready", os.Getpid())
	for batch := range batches {
		inspect(batch, deny, counts)
	}
}
