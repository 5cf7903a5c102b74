// expect: healthy bench
// Judges endgames of chess for a server: looks up, in the tables of all endgames with five men, who wins and in how many
// moves.
// Measured: 11 MB resident, 337 MB in the twin with the problem, for as many answers.
package main

import (
	"bufio"
	"container/list"
	"encoding/binary"
	"fmt"
	"os"
	"time"
)

const (
	endings   = 80
	positions = 1 << 21 // of an ending
	entry     = 2       // bytes: the result and the moves to it
	block     = 4096
	kept      = 2048 // blocks
	path      = "five-men.tables"
)

// unpack writes the tables as they come out of the archive.
func unpack() error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close()
	out := bufio.NewWriterSize(file, 1<<20)
	table := make([]byte, positions*entry)
	mixed := uint64(88172645463325252)
	for i := 0; i < len(table); i += 8 {
		mixed ^= mixed << 13
		mixed ^= mixed >> 7
		mixed ^= mixed << 17
		binary.LittleEndian.PutUint64(table[i:], mixed)
	}
	for ending := 0; ending < endings; ending++ {
		table[0] = byte(ending)
		if _, err := out.Write(table); err != nil {
			return err
		}
	}
	return out.Flush()
}

// tables answers where an entry is asked for.
type tables struct {
	file   *os.File
	blocks map[int64]*list.Element
	recent *list.List // of cached, the one used last in front
}

type cached struct {
	number int64
	data   [block]byte
}

func open() (*tables, error) {
	file, err := os.Open(path)
	return &tables{file, map[int64]*list.Element{}, list.New()}, err
}

// block reads a part of the file, or has it still.
func (t *tables) block(number int64) (*cached, error) {
	if found, ok := t.blocks[number]; ok {
		t.recent.MoveToFront(found)
		return found.Value.(*cached), nil
	}
	var into *cached
	if len(t.blocks) < kept {
		into = &cached{}
	} else {
		into = t.recent.Remove(t.recent.Back()).(*cached)
		delete(t.blocks, into.number)
	}
	into.number = number
	if _, err := t.file.ReadAt(into.data[:], number*block); err != nil {
		return nil, err
	}
	t.blocks[number] = t.recent.PushFront(into)
	return into, nil
}

func (t *tables) entry(ending, position int) (uint16, error) {
	at := int64(ending*positions+position) * entry
	found, err := t.block(at / block)
	if err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint16(found.data[at%block:]), nil
}

// game is one that has come to its end.
type game struct {
	number, ending int
	kings, others  int
	moves          int
}

func (g *game) position() int {
	return (g.kings*1031 + g.others*17) % positions
}

// next plays a move: the pieces go to fields that are near.
func (g *game) next() {
	g.moves++
	g.others = (g.others + 1 + g.number%3) % 64
	if g.moves%4 == 0 {
		g.kings = (g.kings + 1) % 462
	}
}

// judge says whether the game is decided, and for whom.
func (g *game) judge(t *tables) (string, error) {
	found, err := t.entry(g.ending, g.position())
	if err != nil {
		return "", err
	}
	moves := int(found >> 2 & 127)
	switch {
	case found&3 == 0 || moves > 50:
		return "draw", nil
	case found&3 == 3:
		return fmt.Sprintf("black in %d", moves), nil
	}
	return fmt.Sprintf("white in %d", moves), nil
}

func main() {
	if err := unpack(); err != nil {
		panic(err)
	}
	t, err := open()
	if err != nil {
		panic(err)
	}
	log, err := os.Create("judge.log")
	if err != nil {
		panic(err)
	}
	games := make([]game, 1500)
	for i := range games {
		games[i] = game{number: i, ending: i * 7 % 9, kings: i % 40, others: i % 64}
	}
	var judged, drawn int64
	began := time.Now()
	fmt.Println("ready", os.Getpid())
	clock, reports := time.NewTicker(20*time.Millisecond), time.NewTicker(time.Second)
	for round := 0; ; round++ {
		select {
		case <-clock.C:
			for i := range games {
				verdict, err := games[i].judge(t)
				if err != nil {
					panic(err)
				}
				if verdict == "draw" {
					drawn++
				}
				games[i].next()
				if games[i].moves > 120 { // another game begins to end
					games[i] = game{number: i, ending: (i*7 + round/3000) % endings, kings: i % 40, others: i % 64}
				}
			}
			judged += int64(len(games))
		case <-reports.C:
			fmt.Fprintf(log, "%d %d judged, %d drawn\n", time.Since(began).Milliseconds(), judged, drawn)
		}
	}
}
