// expect: healthy bench
// The live pages of a chess federation's league day: moves come in from the boards, a farm of engines gives its lines for
// the position, and the spectators see them beside the board. An engine that has nothing in time is passed over for
// this move.
// Measured: the heap stays at 5 MB, at 100 moves a second; what is resident grows by 4 MB/s in the problem.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"time"
)

const (
	boards  = 40
	limit   = 35 * time.Millisecond
	between = 10 * time.Millisecond // from one move to the next, in the whole league
)

// Ply is one half-move of a line, with what the engine thinks of the position after it.
type Ply struct {
	San        string
	Centipawns int32
	Depth      int32
	Legal      int32
	Forced     bool
}

// Line is a variation.
type Line struct {
	Rank  int
	Plies []Ply
}

// Analysis is what the engines have on a position.
type Analysis struct {
	Board int
	Move  int
	Lines []Line
}

// best gives the engine's judgement.
func (analysis *Analysis) best() int32 {
	if len(analysis.Lines) == 0 || len(analysis.Lines[0].Plies) == 0 {
		return 0
	}
	plies := analysis.Lines[0].Plies
	return plies[len(plies)-1].Centipawns
}

// Farm is the way to the engines.
type Farm struct {
	client  *http.Client
	address string
}

// ask gives the lines for a position, whenever the farm has them.
func (farm *Farm) ask(board, move int) (*Analysis, error) {
	answer, err := farm.client.Get(fmt.Sprintf("http://%s/lines?board=%d&move=%d", farm.address, board, move))
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, errors.New(answer.Status)
	}
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	analysis := &Analysis{Board: board, Move: move}
	for rank, text := range strings.Split(strings.TrimSpace(string(body)), "\n") {
		analysis.Lines = append(analysis.Lines, parseLine(rank, text))
	}
	return analysis, nil
}

// parseLine reads a variation such as "Nf3:21 e5:18 ...".
func parseLine(rank int, text string) Line {
	words := strings.Fields(text)
	line := Line{Rank: rank, Plies: make([]Ply, 0, len(words))}
	for depth, word := range words {
		san, value, _ := strings.Cut(word, ":")
		centipawns, _ := strconv.Atoi(value)
		line.Plies = append(line.Plies, Ply{San: san, Centipawns: int32(centipawns), Depth: int32(depth), Legal: 30})
	}
	return line
}

// within gives the lines for a position if the farm has them in time, and nil if not.
func (farm *Farm) within(board, move int, limit time.Duration) *Analysis {
	done := make(chan *Analysis, 1) // room for an answer that comes too late for anybody
	go func() {
		analysis, err := farm.ask(board, move)
		if err != nil {
			log.Printf("board %d: %v", board, err)
		}
		done <- analysis
	}()
	late := time.NewTimer(limit)
	defer late.Stop()
	select {
	case analysis := <-done:
		return analysis
	case <-late.C:
		return nil
	}
}

// Page is what the spectators of a board see.
type Page struct {
	farm   *Farm
	board  int
	move   int
	shown  *Analysis
	passed int
	swings int
}

// follow takes the moves of one board.
func (page *Page) follow(moves <-chan int, told chan<- *Page) {
	for move := range moves {
		page.move = move
		analysis := page.farm.within(page.board, move, limit)
		if analysis == nil {
			page.passed++
		} else {
			if page.shown != nil && (page.shown.best() < 0) != (analysis.best() < 0) {
				page.swings++
			}
			page.shown = analysis
		}
		told <- page
	}
}

// league sends the moves of all boards, as they are played.
func league(lines []chan int) {
	clock := time.NewTicker(between)
	for number := 0; ; number++ {
		<-clock.C
		lines[number*7%boards] <- number/boards + 1
	}
}

// engines stands for the farm: a process of its own, which ends when its input does.
func engines() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	names := strings.Fields("Nf3 e5 Bb5 a6 O-O Qe7 Rad1 c4 dxc4 Bxf7+ Kh1 Rfe8 g3 h6 Nd5 exd5")
	var text strings.Builder
	for rank := 0; rank < 24; rank++ {
		for ply := 0; ply < 70; ply++ {
			fmt.Fprintf(&text, "%s:%d ", names[(rank*5+ply*3)%len(names)], (ply*31+rank*17)%240-120)
		}
		text.WriteByte('\n')
	}
	answer := []byte(text.String())
	fmt.Println(listener.Addr())
	go func() {
		_ = http.Serve(listener, http.HandlerFunc(func(page http.ResponseWriter, asked *http.Request) {
			time.Sleep(8*time.Millisecond + time.Duration(rand.Intn(40))*time.Millisecond) // how long they think
			_, _ = page.Write(answer)
		}))
	}()
	_, _ = os.Stdin.Read(make([]byte, 1))
}

var lifeline *os.File // open for as long as this process lives

// start runs the engines as nobody's child, and gives their address.
func start() (string, error) {
	own, err := os.Executable()
	if err != nil {
		return "", err
	}
	ends, keep, err := os.Pipe()
	if err != nil {
		return "", err
	}
	lifeline = keep
	command := exec.Command("/bin/sh", "-c", `"$0" <&3 &`, own)
	command.Env = append(os.Environ(), "LEAGUE_ENGINES=1")
	command.ExtraFiles = []*os.File{ends}
	out, err := command.StdoutPipe()
	if err != nil {
		return "", err
	}
	if err := command.Start(); err != nil {
		return "", err
	}
	address, err := bufio.NewReader(out).ReadString('\n')
	if err == nil {
		err = command.Wait()
	}
	ends.Close()
	return strings.TrimSpace(address), err
}

func main() {
	if os.Getenv("LEAGUE_ENGINES") != "" {
		engines()
		return
	}
	address, err := start()
	if err != nil {
		log.Fatal(err)
	}
	transport := &http.Transport{MaxIdleConnsPerHost: boards}
	farm := &Farm{client: &http.Client{Transport: transport, Timeout: 5 * time.Second}, address: address}
	told := make(chan *Page, boards)
	lines := make([]chan int, boards)
	for board := range lines {
		lines[board] = make(chan int, 8)
		go (&Page{farm: farm, board: board}).follow(lines[board], told)
	}
	go league(lines)
	fmt.Println("ready", os.Getpid())
	var state runtime.MemStats
	for moves := 1; ; moves++ {
		page := <-told
		if moves%300 == 0 {
			runtime.ReadMemStats(&state)
			log.Printf("%d moves, board %d at move %d, %d passed over, %d swings; %d MB", moves, page.board, page.move,
				page.passed, page.swings, state.HeapAlloc>>20)
		}
	}
}
