// expect: pattern=lock-contention bench
// Watches the presses of a printing works: each has a controller of its own on the network, which tells its counters
// and takes orders for ink and speed. The hall keeps what was told for the foremen, and evens out the speeds of a folder's
// presses.
// Measured: a round for a press takes 65 to 70 ms, of which its controller needs 6; 7.6 ms in the twin.
package main

import (
	"bufio"
	"fmt"
	"log"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const pressesInHall = 14

// Press is what the hall knows of one, and the line to its controller.
type Press struct {
	Name    string
	line    net.Conn
	answers *bufio.Reader
	sheets  int
	speed   int
	waste   int
	told    time.Time
}

// ask sends one command to the controller and gives its answer.
func (press *Press) ask(format string, values ...interface{}) (string, error) {
	if _, err := fmt.Fprintf(press.line, format+"\n", values...); err != nil {
		return "", err
	}
	answer, err := press.answers.ReadString('\n')
	return strings.TrimSpace(answer), err
}

// Hall has the presses by name. They come and go: one that is being maintained is not in it.
type Hall struct {
	mutex   sync.Mutex
	presses map[string]*Press
	asked   int64
	waited  int64
}

// with does something with a press, which nobody else uses meanwhile.
func (hall *Hall) with(name string, do func(press *Press) error) error {
	hall.mutex.Lock() // <- cost
	defer hall.mutex.Unlock()
	press, known := hall.presses[name]
	if !known {
		return fmt.Errorf("no press %s", name)
	}
	return do(press) // <- cost
}

// refresh takes the counters of a press.
func (hall *Hall) refresh(name string) error {
	return hall.with(name, func(press *Press) error { // <- cost
		answer, err := press.ask("COUNT") // <- cost
		if err != nil {
			return err
		}
		press.told = time.Now()
		_, err = fmt.Sscanf(answer, "%d %d %d", &press.sheets, &press.speed, &press.waste)
		return err
	})
}

// even brings a press nearer to the speed of the folder.
func (hall *Hall) even(name string, wanted int) error {
	return hall.with(name, func(press *Press) error { // <- cost
		if press.speed == wanted {
			return nil
		}
		_, err := press.ask("SPEED %d", press.speed+(wanted-press.speed)/2) // <- cost
		return err
	})
}

// watch keeps one press up to date.
func (hall *Hall) watch(name string) {
	for round := 0; ; round++ {
		time.Sleep(25 * time.Millisecond)
		began := time.Now()
		err := hall.refresh(name) // <- cost
		if err == nil && round%40 == 39 {
			err = hall.even(name, 9000+round%7*100) // <- cost
		}
		if err != nil {
			log.Printf("%s: %v", name, err)
			time.Sleep(time.Second)
		}
		atomic.AddInt64(&hall.waited, int64(time.Since(began)))
		atomic.AddInt64(&hall.asked, 1)
	}
}

// board writes what the foremen look at.
func (hall *Hall) board(path string) error {
	var text strings.Builder
	for number := 0; number < pressesInHall; number++ {
		err := hall.with(nameOf(number), func(press *Press) error {
			fmt.Fprintf(&text, "%s %9d sheets %6d/h %5d spoilt\n", press.Name, press.sheets, press.speed, press.waste)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return os.WriteFile(path, []byte(text.String()), 0o644)
}

func nameOf(number int) string { return fmt.Sprintf("press-%02d", number) }

func enter(address string) (*Hall, error) {
	hall := &Hall{presses: map[string]*Press{}}
	for number := 0; number < pressesInHall; number++ {
		line, err := net.Dial("tcp", address)
		if err != nil {
			return nil, err
		}
		name := nameOf(number)
		hall.presses[name] = &Press{Name: name, line: line, answers: bufio.NewReader(line)}
	}
	return hall, nil
}

// controllers stands for those of the presses: a process of its own, which ends when its input does.
func controllers() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(listener.Addr())
	go func() {
		for {
			line, err := listener.Accept()
			if err != nil {
				return
			}
			go control(line)
		}
	}()
	_, _ = os.Stdin.Read(make([]byte, 1))
}

func control(line net.Conn) {
	speed, began := 8800, time.Now()
	for commands := bufio.NewScanner(line); commands.Scan(); {
		time.Sleep(6 * time.Millisecond) // a controller answers at its next cycle
		if _, err := fmt.Sscanf(commands.Text(), "SPEED %d", &speed); err == nil {
			fmt.Fprintln(line, "OK")
			continue
		}
		sheets := int(time.Since(began).Hours() * float64(speed))
		fmt.Fprintln(line, sheets, speed, sheets/50)
	}
}

// start runs the controllers as nobody's child, and gives their address.
func start() (string, error) {
	own, err := os.Executable()
	if err != nil {
		return "", err
	}
	ends, keep, err := os.Pipe()
	if err != nil {
		return "", err
	}
	command := exec.Command("/bin/sh", "-c", `"$0" <&3 &`, own)
	command.Env = append(os.Environ(), "PRESS_CONTROLLERS=1")
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
	lifeline = keep
	return strings.TrimSpace(address), err
}

var lifeline *os.File // open for as long as this process lives

func main() {
	if os.Getenv("PRESS_CONTROLLERS") != "" {
		controllers()
		return
	}
	address, err := start()
	if err != nil {
		log.Fatal(err)
	}
	hall, err := enter(address)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("ready", os.Getpid())
	for number := 0; number < pressesInHall; number++ {
		go hall.watch(nameOf(number))
	}
	for {
		time.Sleep(2 * time.Second)
		if err := hall.board("board.txt"); err != nil {
			log.Print(err)
		}
		asked := atomic.LoadInt64(&hall.asked)
		log.Printf("%d rounds, %.1f ms each", asked, float64(atomic.LoadInt64(&hall.waited))/1e6/float64(asked))
	}
}
