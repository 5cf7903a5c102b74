// expect: healthy bench
// Follows gliders over the Alps: each reports its position 25 times a second, the height of the turbulent layer there is taken from
// tiles that a lidar server renews all the time, and who comes too near it is warned. Tiles are kept until they are stale.
// Measured: 920 to 1000 reports a second of the 1000 that the gliders make (with one lock around the fetch 225).
package main

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"log"
	"math"
	"net"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"time"
)

const (
	gliders  = 40
	tileSide = 48
	stale    = 250 * time.Millisecond
)

type tileKey struct{ East, North int32 }

type tile struct {
	heights [tileSide * tileSide]int16
	taken   time.Time
}

// tileServer answers eight bytes (east, north) with the heights of the tile, as one that asks the lidar.
func tileServer(listener net.Listener) {
	for {
		line, err := listener.Accept()
		if err != nil {
			return
		}
		go func() {
			defer line.Close()
			var key tileKey
			var heights [tileSide * tileSide]int16
			for binary.Read(line, binary.BigEndian, &key) == nil {
				time.Sleep(7 * time.Millisecond)
				for i := range heights {
					heights[i] = int16(1500 + 40*(int(key.East)%13) + i%tileSide*9 + i/tileSide*5)
				}
				if binary.Write(line, binary.BigEndian, heights[:]) != nil {
					return
				}
			}
		}()
	}
}

// tileClient keeps its idle lines to the tile server.
type tileClient struct {
	address string
	idle    chan net.Conn
}

func (c *tileClient) line() (net.Conn, error) {
	select {
	case line := <-c.idle:
		return line, nil
	default:
		return net.Dial("tcp", c.address)
	}
}

func (c *tileClient) fetch(key tileKey) (*tile, error) {
	line, err := c.line()
	if err != nil {
		return nil, err
	}
	var raw [8 + 2*tileSide*tileSide]byte
	binary.BigEndian.PutUint32(raw[0:], uint32(key.East))
	binary.BigEndian.PutUint32(raw[4:], uint32(key.North))
	if _, err = line.Write(raw[:8]); err == nil {
		_, err = io.ReadFull(line, raw[8:])
	}
	if err != nil {
		line.Close()
		return nil, fmt.Errorf("tile %v: %w", key, err)
	}
	c.idle <- line
	got := &tile{taken: time.Now()}
	for i := range got.heights {
		got.heights[i] = int16(binary.BigEndian.Uint16(raw[8+2*i:]))
	}
	return got, nil
}

// layerCache hands out the height of the layer; a tile that is missing or stale is fetched by the first who asks.
type layerCache struct {
	client *tileClient
	mu     sync.Mutex
	tiles  map[tileKey]*entry
}

// entry is one place in the cache: those who want the same tile wait here for it, and nobody else does.
type entry struct {
	mu   sync.Mutex
	tile *tile
}

func newLayerCache(client *tileClient) *layerCache {
	return &layerCache{client: client, tiles: map[tileKey]*entry{}}
}

func (c *layerCache) entry(key tileKey) *entry {
	c.mu.Lock()
	defer c.mu.Unlock()
	place := c.tiles[key]
	if place == nil {
		place = &entry{}
		c.tiles[key] = place
	}
	return place
}

func (c *layerCache) height(key tileKey, spot int) (int16, error) {
	place := c.entry(key)
	place.mu.Lock()
	defer place.mu.Unlock()
	if place.tile == nil || time.Since(place.tile.taken) > stale {
		fresh, err := c.client.fetch(key)
		if err != nil {
			return 0, err
		}
		place.tile = fresh
	}
	return place.tile.heights[spot], nil
}

type position struct{ east, north, height float64 }

func (p *position) move(number int, seconds float64) {
	heading := float64(number)*0.7 + seconds*0.4
	p.east += math.Cos(heading) * 4
	p.north += math.Sin(heading) * 4
	p.height = 2600 + 700*math.Sin(seconds*0.9+float64(number))
}

func (p *position) spot() (tileKey, int) {
	column, row := int(p.east/100), int(p.north/100)
	key := tileKey{int32(column / tileSide), int32(row / tileSide)}
	return key, (row%tileSide)*tileSide + column%tileSide
}

type board struct {
	reports, warnings, unknown int64
}

func follow(number int, layers *layerCache, told *board) {
	place := position{east: 30000 + float64(number%8)*5200, north: 30000 + float64(number/8)*5200}
	before := math.Inf(1)
	ticks := time.NewTicker(40 * time.Millisecond)
	defer ticks.Stop()
	begun := time.Now()
	for range ticks.C {
		place.move(number, time.Since(begun).Seconds())
		key, spot := place.spot()
		layer, err := layers.height(key, spot)
		if err != nil {
			atomic.AddInt64(&told.unknown, 1)
			continue
		}
		above := place.height - float64(layer)
		if above < 150 && above < before {
			atomic.AddInt64(&told.warnings, 1)
		}
		before = above
		atomic.AddInt64(&told.reports, 1)
	}
}

// lidar ends when its input does, which is with this program.
var lidar io.WriteCloser

func startTileServer() string {
	child := exec.Command(os.Args[0], "tiles")
	var err error
	lidar, err = child.StdinPipe()
	if err != nil {
		log.Fatal(err)
	}
	out, err := child.StdoutPipe()
	if err != nil {
		log.Fatal(err)
	}
	if err = child.Start(); err != nil {
		log.Fatal(err)
	}
	var address string
	if _, err = fmt.Fscanln(bufio.NewReader(out), &address); err != nil {
		log.Fatal("no tile server: ", err)
	}
	return address
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "tiles" {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			log.Fatal(err)
		}
		go tileServer(listener)
		fmt.Println(listener.Addr())
		io.Copy(io.Discard, os.Stdin)
		return
	}
	layers := newLayerCache(&tileClient{address: startTileServer(), idle: make(chan net.Conn, gliders)})
	told := &board{}
	for number := 0; number < gliders; number++ {
		go follow(number, layers, told)
	}
	fmt.Println("ready", os.Getpid())
	select {}
}
