// expect: healthy bench
// Takes in the MIDI files that composers send to a music publisher: each is checked, its notes are counted by pitch,
// and its key, length and tempo go into the catalogue.
// Measured: a piece of 16 KB takes 0.34 ms; in the problem 12.8 ms.
package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

const division = 480 // ticks of a quarter note

var names = [12]string{"C", "D flat", "D", "E flat", "E", "F", "G flat", "G", "A flat", "A", "B flat", "B"}

// Piece is what the catalogue says of a file.
type Piece struct {
	Title   string
	Key     string
	Notes   int
	Highest byte
	Length  time.Duration
}

// Score reads the parts of a file as the standard has them.
type Score struct {
	source io.Reader
	left   int // bytes of the track that are still to come
	status byte
	one    [1]byte
}

var errTrack = errors.New("a track ends in the midst of an event")

func (score *Score) next() (byte, error) {
	if score.left--; score.left < 0 {
		return 0, errTrack
	}
	_, err := io.ReadFull(score.source, score.one[:])
	return score.one[0], err
}

// number reads seven bits a byte, the last without the eighth.
func (score *Score) number() (int, error) {
	for value := 0; ; {
		part, err := score.next()
		if err != nil {
			return 0, err
		}
		if value = value<<7 | int(part&0x7f); part < 0x80 {
			return value, nil
		}
	}
}

// chunk reads the head of one, and gives its kind.
func (score *Score) chunk() (string, error) {
	var head struct {
		Kind [4]byte
		Size uint32
	}
	if err := binary.Read(score.source, binary.BigEndian, &head); err != nil {
		return "", err
	}
	score.left, score.status = int(head.Size), 0
	return string(head.Kind[:]), nil
}

// text reads what a meta event carries.
func (score *Score) text() (string, error) {
	size, err := score.number()
	if err != nil || size > score.left {
		return "", errTrack
	}
	score.left -= size
	text := make([]byte, size)
	_, err = io.ReadFull(score.source, text)
	return string(text), err
}

// Event is one of a track: a key, or something about the piece.
type Event struct {
	After       int
	Status      byte
	Pitch, Loud byte
	Meta        byte
	About       string
}

func (score *Score) event() (event Event, err error) {
	if event.After, err = score.number(); err != nil {
		return
	}
	first, err := score.next()
	if err != nil {
		return event, err
	}
	if first == 0xff {
		event.Status = first
		if event.Meta, err = score.next(); err == nil {
			event.About, err = score.text()
		}
		return event, err
	}
	if first >= 0x80 {
		score.status = first
		first, err = score.next()
	}
	event.Status, event.Pitch = score.status, first
	if err == nil && score.status&0xe0 != 0xc0 {
		event.Loud, err = score.next()
	}
	return event, err
}

// Catalogue is what was taken in.
type Catalogue struct {
	pieces  map[string]Piece
	refused int
	taken   int
	spent   time.Duration
}

func (catalogue *Catalogue) read(path string) (piece Piece, err error) {
	file, err := os.Open(path)
	if err != nil {
		return piece, err
	}
	defer file.Close()
	score := &Score{source: bufio.NewReader(file)}
	if kind, err := score.chunk(); err != nil || kind != "MThd" {
		return piece, errors.New("this is no MIDI file")
	}
	var about struct{ Format, Tracks, Division uint16 }
	if err := binary.Read(score.source, binary.BigEndian, &about); err != nil {
		return piece, err
	}
	var pitches [12]int
	tempo := 500000
	for track := 0; track < int(about.Tracks); track++ {
		if kind, err := score.chunk(); err != nil || kind != "MTrk" {
			return piece, errTrack
		}
		ticks := 0
		for score.left > 0 {
			event, err := score.event()
			if err != nil {
				return piece, err
			}
			ticks += event.After
			switch {
			case event.Meta == 3 && piece.Title == "":
				piece.Title = event.About
			case event.Meta == 0x51 && len(event.About) == 3:
				tempo = int(event.About[0])<<16 | int(event.About[1])<<8 | int(event.About[2])
			case event.Status&0xf0 == 0x90 && event.Loud > 0:
				piece.Notes++
				pitches[event.Pitch%12]++
				if event.Pitch > piece.Highest {
					piece.Highest = event.Pitch
				}
			}
		}
		if length := time.Duration(ticks*tempo/int(about.Division)) * time.Microsecond; length > piece.Length {
			piece.Length = length
		}
	}
	piece.Key = key(pitches)
	return piece, nil
}

// key is the major one whose notes are played most.
func key(pitches [12]int) string {
	best, most := 0, -1
	for tonic := range names {
		sum := 0
		for _, step := range [7]int{0, 2, 4, 5, 7, 9, 11} {
			sum += pitches[(tonic+step)%12]
		}
		if sum > most {
			best, most = tonic, sum
		}
	}
	return names[best] + " major"
}

// appendNumber writes one of up to fourteen bits as number reads it.
func appendNumber(out []byte, value int) []byte {
	if value > 0x7f {
		out = append(out, byte(value>>7|0x80))
	}
	return append(out, byte(value&0x7f))
}

// compose stands in for the composers: some tracks of notes up and down a scale.
func compose(dice *rand.Rand, title string, tracks, notes int) []byte {
	out := append([]byte("MThd\x00\x00\x00\x06\x00\x01"), 0, byte(tracks), division>>8, division&0xff)
	tonic := dice.Intn(12)
	for track := 0; track < tracks; track++ {
		part := append(make([]byte, 0, 64+8*notes), 0, 0xff, 3)
		part = appendNumber(part, len(title))
		part = append(part, title...)
		part = append(part, 0, 0xff, 0x51, 3, 7, 0xa1, byte(dice.Intn(256)))
		for note, degree := 0, 14; note < notes; note++ {
			degree = (degree + dice.Intn(5) - 2 + 28) % 28
			pitch := byte(36 + tonic + degree/7*12 + [7]int{0, 2, 4, 5, 7, 9, 11}[degree%7])
			part = appendNumber(part, dice.Intn(2)*240)
			if note == 0 { // the status holds for all that follow
				part = append(part, 0x90|byte(track))
			}
			part = append(part, pitch, byte(50+dice.Intn(60)))
			part = append(appendNumber(part, 240), pitch, 0)
		}
		head := make([]byte, 8)
		copy(head, "MTrk")
		binary.BigEndian.PutUint32(head[4:], uint32(len(part)))
		out = append(append(out, head...), part...)
	}
	return out
}

func main() {
	folder, err := os.MkdirTemp("", "intake")
	if err != nil {
		log.Fatal(err)
	}
	ending := make(chan os.Signal, 1)
	signal.Notify(ending, syscall.SIGTERM, os.Interrupt)
	defer os.RemoveAll(folder)
	dice := rand.New(rand.NewSource(1685))
	catalogue := &Catalogue{pieces: map[string]Piece{}}
	fmt.Println("ready", os.Getpid())
	for sent, told := 0, time.Now(); ; sent++ {
		path := filepath.Join(folder, fmt.Sprintf("piece-%04d.mid", sent%1000))
		content := compose(dice, fmt.Sprintf("Study no. %d", sent%1000), 4, 500)
		if err := os.WriteFile(path, content, 0o644); err != nil {
			log.Print(err)
			return
		}
		began := time.Now()
		if piece, err := catalogue.read(path); err != nil {
			catalogue.refused++
		} else {
			catalogue.pieces[path] = piece
		}
		catalogue.spent += time.Since(began)
		catalogue.taken++
		os.Remove(path)
		if time.Since(told) > 5*time.Second {
			told = time.Now()
			each := catalogue.spent / time.Duration(catalogue.taken)
			log.Printf("%d pieces, %d refused, %v each", catalogue.taken, catalogue.refused, each)
		}
		select {
		case <-ending:
			return
		case <-time.After(4 * time.Millisecond):
		}
	}
}
