// bench: healthy
// Shows the well dressings of a county (pictures which villages press out of petals into clay): visitors look at a
// board tile by tile. A tile is drawn when it is first wanted, by at most two at a time, and kept with the newest
// others up to a bound; whoever wants the same one meanwhile waits for it. Boards whose petals have changed (one in
// 0.25 s) are drawn anew.
//
// Measured: 160 tiles a second, of which some 65 are drawn; CPU 9 % of a core, 12 MiB.
package main

import (
	"bytes"
	"container/list"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"log"
	"math"
	"math/rand"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/mux"
)

const (
	boards = 12
	across = 6 // tiles of a board, in each direction
	side   = 192
	kept   = 240
	visits = 160 // tiles a second
)

var petals = color.Palette{
	color.RGBA{226, 214, 196, 255}, color.RGBA{198, 32, 58, 255}, color.RGBA{238, 180, 34, 255},
	color.RGBA{92, 64, 140, 255}, color.RGBA{46, 120, 62, 255}, color.RGBA{250, 246, 240, 255},
	color.RGBA{90, 60, 40, 255}, color.RGBA{60, 110, 190, 255},
}

// Key names a tile of a state of a board.
type Key struct {
	Board, X, Y int
	State       int64
}

type entry struct {
	key  Key
	body []byte
}

// Shelf keeps the newest tiles.
type Shelf struct {
	mutex  sync.Mutex
	places map[Key]*list.Element
	order  *list.List
}

func (s *Shelf) Get(key Key) ([]byte, bool) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	place, found := s.places[key]
	if !found {
		return nil, false
	}
	s.order.MoveToFront(place)
	return place.Value.(*entry).body, true
}

func (s *Shelf) Put(key Key, body []byte) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.places[key] = s.order.PushFront(&entry{key, body})
	for s.order.Len() > kept {
		last := s.order.Back()
		delete(s.places, last.Value.(*entry).key)
		s.order.Remove(last)
	}
}

// buffers lends the encoder its tables.
type buffers struct{ pool sync.Pool }

func (b *buffers) Get() *png.EncoderBuffer {
	buffer, _ := b.pool.Get().(*png.EncoderBuffer)
	return buffer
}

func (b *buffers) Put(buffer *png.EncoderBuffer) { b.pool.Put(buffer) }

// Painter draws tiles.
type Painter struct {
	encoder png.Encoder
	tiles   sync.Pool
	turn    chan struct{}
}

func newPainter(number int) *Painter {
	return &Painter{
		encoder: png.Encoder{CompressionLevel: png.BestSpeed, BufferPool: &buffers{}},
		tiles:   sync.Pool{New: func() interface{} { return image.NewPaletted(image.Rect(0, 0, side, side), petals) }},
		turn:    make(chan struct{}, number),
	}
}

// paint lays the petals: rings about the board's middle, crossed by garlands.
func paint(tile *image.Paletted, key Key) {
	lean := float64(key.Board)*0.4 + float64(key.State%16)*0.05
	for y := 0; y < side; y++ {
		v := float64(key.Y*side+y)/(side*across) - 0.5
		row := tile.Pix[y*tile.Stride : y*tile.Stride+side]
		for x := range row {
			u := float64(key.X*side+x)/(side*across) - 0.5
			ring := math.Sqrt(u*u+v*v) * float64(9+key.Board)
			garland := math.Sin((u+v*lean)*14) + math.Cos((v-u*lean)*11)
			row[x] = uint8(int(ring+garland+8) % len(petals))
		}
	}
}

func (p *Painter) Draw(ctx context.Context, key Key) ([]byte, error) {
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	tile := p.tiles.Get().(*image.Paletted)
	defer p.tiles.Put(tile)
	paint(tile, key)
	var out bytes.Buffer
	out.Grow(4096)
	if err := p.encoder.Encode(&out, tile); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

type drawing struct {
	done chan struct{}
	body []byte
	err  error
}

// Show answers the visitors.
type Show struct {
	shelf    Shelf
	painter  *Painter
	mutex    sync.Mutex
	underway map[Key]*drawing
	states   [boards]int64
	shown    int64
	drawn    int64
}

func (s *Show) tile(ctx context.Context, key Key) ([]byte, error) {
	if body, found := s.shelf.Get(key); found {
		return body, nil
	}
	s.mutex.Lock()
	work, busy := s.underway[key]
	if !busy {
		work = &drawing{done: make(chan struct{})}
		s.underway[key] = work
	}
	s.mutex.Unlock()
	if busy {
		select {
		case <-work.done:
			return work.body, work.err
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	work.body, work.err = s.painter.Draw(ctx, key)
	if work.err == nil {
		atomic.AddInt64(&s.drawn, 1)
		s.shelf.Put(key, work.body)
	}
	s.mutex.Lock()
	delete(s.underway, key)
	s.mutex.Unlock()
	close(work.done)
	return work.body, work.err
}

func place(words map[string]string) (key Key, err error) {
	for name, into := range map[string]*int{"board": &key.Board, "x": &key.X, "y": &key.Y} {
		if *into, err = strconv.Atoi(words[name]); err != nil {
			return key, err
		}
	}
	if key.Board >= boards || key.X >= across || key.Y >= across {
		return key, errors.New("no such tile")
	}
	return key, nil
}

func (s *Show) get(out http.ResponseWriter, request *http.Request) {
	key, err := place(mux.Vars(request))
	if err != nil {
		http.Error(out, err.Error(), http.StatusNotFound)
		return
	}
	key.State = atomic.LoadInt64(&s.states[key.Board])
	body, err := s.tile(request.Context(), key)
	if err != nil {
		http.Error(out, err.Error(), http.StatusServiceUnavailable)
		return
	}
	out.Header().Set("Content-Type", "image/png")
	out.Header().Set("Content-Length", strconv.Itoa(len(body)))
	out.Write(body)
	atomic.AddInt64(&s.shown, 1)
}

func visitors(port int) error {
	var paths []string
	for number := 0; number < 400; number++ {
		favourite := int(math.Abs(rand.NormFloat64()) * 4)
		paths = append(paths, fmt.Sprintf("/boards/%d/%d/%d", favourite%boards, rand.Intn(across), rand.Intn(across)))
	}
	script := filepath.Join(filepath.Dir(os.Getenv("SERVICES")), "clients.py")
	return exec.Command(os.Getenv("PYTHON"), script, "http", strconv.Itoa(port), strings.Join(paths, ","),
		strconv.Itoa(visits), "4").Run()
}

func main() {
	show := &Show{
		shelf:    Shelf{places: map[Key]*list.Element{}, order: list.New()},
		painter:  newPainter(2),
		underway: map[Key]*drawing{},
	}
	router := mux.NewRouter()
	router.HandleFunc("/boards/{board:[0-9]+}/{x:[0-9]+}/{y:[0-9]+}", show.get).Methods(http.MethodGet)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go http.Serve(listener, router)
	if err := visitors(listener.Addr().(*net.TCPAddr).Port); err != nil {
		log.Fatal(err)
	}
	for atomic.LoadInt64(&show.shown) < 2*visits {
		time.Sleep(50 * time.Millisecond)
	}
	fmt.Printf("ready %d\n", os.Getpid())
	for turn := 1; ; turn++ {
		time.Sleep(250 * time.Millisecond)
		atomic.AddInt64(&show.states[turn*5%boards], 1)
		if turn%32 == 0 {
			log.Printf("%d tiles shown, %d drawn", atomic.LoadInt64(&show.shown), atomic.LoadInt64(&show.drawn))
		}
	}
}
