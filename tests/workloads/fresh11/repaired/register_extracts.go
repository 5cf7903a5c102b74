// expect: healthy bench
// The front office of a notary: before a sale of land is read aloud, the extracts of all registers must be there (land,
// charges, companies, guardians, insolvencies, taxes). The parties sit in the waiting room until the file is complete.
// Measured: a file is complete after 30 ms; after 158 ms in the problem.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// registers by the order in which they stand in the file.
var registers = []string{"land", "charges", "companies", "guardians", "insolvencies", "taxes"}

// Matter is a sale that is about to be read.
type Matter struct {
	Number  int
	Parcel  string
	Parties []string
	Came    time.Time
}

// Extract is what a register has on a matter.
type Extract struct {
	Register string
	Entries  []string
	Hindered bool
}

// File is a matter with its extracts.
type File struct {
	Matter   Matter
	Extracts []Extract
}

func (file *File) hindrances() (found []string) {
	for _, extract := range file.Extracts {
		if extract.Hindered {
			found = append(found, extract.Register)
		}
	}
	return found
}

// Office knows where the registers are.
type Office struct {
	client    *http.Client
	addresses map[string]string
}

// extract asks one register.
func (office *Office) extract(register string, matter *Matter) (Extract, error) {
	address := fmt.Sprintf("http://%s/%s?parcel=%s", office.addresses[register], register, matter.Parcel)
	answer, err := office.client.Get(address)
	if err != nil {
		return Extract{}, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return Extract{}, err
	}
	if answer.StatusCode != http.StatusOK {
		return Extract{}, fmt.Errorf("%s: %s", register, answer.Status)
	}
	entries := strings.Split(strings.TrimSpace(string(body)), "\n")
	return Extract{register, entries, strings.HasPrefix(entries[0], "blocked")}, nil
}

// complete gathers what belongs into the file of a matter, from all registers at once.
func (office *Office) complete(matter Matter) (*File, error) {
	file := &File{Matter: matter, Extracts: make([]Extract, len(registers))}
	failures := make([]error, len(registers))
	var under sync.WaitGroup
	for at, register := range registers {
		under.Add(1)
		go func(at int, register string) {
			defer under.Done()
			file.Extracts[at], failures[at] = office.extract(register, &matter)
		}(at, register)
	}
	under.Wait()
	for _, err := range failures {
		if err != nil {
			return nil, err
		}
	}
	return file, nil
}

// Day is the list of what was read.
type Day struct {
	read     int
	hindered map[string]int
	waited   time.Duration
	longest  time.Duration
}

func (day *Day) enter(file *File) {
	waited := time.Since(file.Matter.Came)
	day.read++
	day.waited += waited
	if waited > day.longest {
		day.longest = waited
	}
	for _, register := range file.hindrances() {
		day.hindered[register]++
	}
}

// waitingRoom sends the parties in, as they have been given appointments.
func waitingRoom(matters chan<- Matter) {
	appointments := time.NewTicker(200 * time.Millisecond)
	for number := 1; ; number++ {
		came := <-appointments.C
		matters <- Matter{
			Number:  number,
			Parcel:  fmt.Sprintf("%d-%d", 100+number%37, number%911),
			Parties: []string{fmt.Sprintf("seller %d", number%50), fmt.Sprintf("buyer %d", number%77)},
			Came:    came,
		}
	}
}

// authorities stands for the registers: a process of its own, which ends when its input does.
func authorities() {
	for at, register := range registers {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(register, listener.Addr())
		pause := time.Duration(22+at%3*3) * time.Millisecond
		go func() {
			_ = http.Serve(listener, http.HandlerFunc(func(answer http.ResponseWriter, asked *http.Request) {
				time.Sleep(pause) // the register's own search
				parcel := asked.URL.Query().Get("parcel")
				if len(parcel)%5 == 0 && strings.HasSuffix(parcel, "7") {
					fmt.Fprintln(answer, "blocked since the 3rd of May")
				}
				for entry := 1; entry <= 4; entry++ {
					fmt.Fprintf(answer, "%s, entry %d: no encumbrance\n", parcel, entry)
				}
			}))
		}()
	}
	fmt.Println("open")
	_, _ = os.Stdin.Read(make([]byte, 1))
}

var lifeline *os.File // open for as long as this process lives

// connect runs the registers as nobody's child and learns their addresses.
func connect() (map[string]string, error) {
	own, err := os.Executable()
	if err != nil {
		return nil, err
	}
	ends, keep, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	lifeline = keep
	command := exec.Command("/bin/sh", "-c", `"$0" <&3 &`, own)
	command.Env = append(os.Environ(), "NOTARY_REGISTERS=1")
	command.ExtraFiles = []*os.File{ends}
	out, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, err
	}
	addresses := map[string]string{}
	for lines := bufio.NewScanner(out); lines.Scan() && lines.Text() != "open"; {
		register, address, _ := strings.Cut(lines.Text(), " ")
		addresses[register] = address
	}
	ends.Close()
	if len(addresses) != len(registers) {
		return nil, errors.New("not all registers are open")
	}
	return addresses, command.Wait()
}

func main() {
	if os.Getenv("NOTARY_REGISTERS") != "" {
		authorities()
		return
	}
	addresses, err := connect()
	if err != nil {
		log.Fatal(err)
	}
	office := &Office{client: &http.Client{Timeout: 5 * time.Second}, addresses: addresses}
	day := Day{hindered: map[string]int{}}
	matters := make(chan Matter, 20)
	go waitingRoom(matters)
	fmt.Println("ready", os.Getpid())
	for matter := range matters {
		file, err := office.complete(matter)
		if err != nil {
			log.Printf("matter %d: %v", matter.Number, err)
			continue
		}
		day.enter(file)
		if day.read%15 == 0 {
			log.Printf("%d files, %v each, at most %v, %v", day.read, day.waited/time.Duration(day.read), day.longest, day.hindered)
		}
	}
}
