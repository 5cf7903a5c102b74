// expect: healthy bench
// Prints the house lists of a theatre: who sits where, and what the ushers should know. Bookings and patrons are in
// Redis; the front of house asks for the list of a performance over HTTP.
// Measured: a list of 90 seats takes 91 round trips to Redis, 30 lists a second (on a busy machine); twin: 2 and 250.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

const (
	performances = 40
	patrons      = 3000
	seats        = 90
)

// Redis is a connection that one goroutine uses at a time.
type Redis struct {
	in  *bufio.Reader
	out *bufio.Writer
}

func dial(address string) *Redis {
	line := must(net.Dial("tcp", address))
	return &Redis{bufio.NewReader(line), bufio.NewWriter(line)}
}

// Do runs a command; a reply that is one value is a list of one. What goes wrong ends the request.
func (r *Redis) Do(words ...string) []string {
	fmt.Fprintf(r.out, "*%d\r\n", len(words))
	for _, word := range words {
		fmt.Fprintf(r.out, "$%d\r\n%s\r\n", len(word), word)
	}
	r.out.Flush() // (an error comes again with the reply)
	return r.reply()
}

func (r *Redis) reply() (all []string) {
	head := must(r.in.ReadString('\n'))
	size, _ := strconv.Atoi(strings.TrimSpace(head[1:]))
	switch head[0] {
	case '$':
		value := make([]byte, size+2)
		must(io.ReadFull(r.in, value))
		return []string{string(value[:size])}
	case '*':
		for ; size > 0; size-- {
			all = append(all, r.reply()...)
		}
	}
	return all
}

type Patron struct{ Name, Needs string }

type Booking struct {
	Seat   string
	Patron string
	Guest  Patron
}

// invite sets the guests of all bookings.
func invite(store *Redis, bookings []Booking) {
	words := []string{"MGET"}
	for _, booking := range bookings {
		words = append(words, "patron:"+booking.Patron)
	}
	for i, text := range store.Do(words...) {
		if err := json.Unmarshal([]byte(text), &bookings[i].Guest); err != nil {
			log.Print(err)
		}
	}
}

var list = template.Must(template.New("list").Parse(`<h1>{{.Title}}</h1><table>` +
	`{{range .Bookings}}<tr><td>{{.Seat}}</td>` +
	`{{with .Guest}}<td>{{.Name}}</td><td>{{.Needs}}</td>{{end}}</tr>{{end}}` +
	`</table>`))

type Desk struct {
	connections chan *Redis
}

func (d *Desk) bookings(store *Redis, performance string) (bookings []Booking) {
	for _, row := range store.Do("LRANGE", "bookings:"+performance, "0", "-1") {
		seat, patron, _ := strings.Cut(row, " ")
		bookings = append(bookings, Booking{Seat: seat, Patron: patron})
	}
	invite(store, bookings)
	return bookings
}

func (d *Desk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	store := <-d.connections
	defer func() { d.connections <- store }()
	performance := strings.TrimPrefix(r.URL.Path, "/list/")
	page := map[string]any{"Title": "Performance " + performance, "Bookings": d.bookings(store, performance)}
	if err := list.Execute(w, page); err != nil {
		log.Print(err)
	}
}

func fill(store *Redis) {
	for i := 0; i < patrons; i++ {
		text, _ := json.Marshal(Patron{fmt.Sprintf("Patron %d", i), []string{"", "", "step-free", "captions"}[i%4]})
		store.Do("SET", fmt.Sprintf("patron:%d", i), string(text))
	}
	for i := 0; i < performances*seats; i++ {
		booking := fmt.Sprintf("%c%d %d", 'A'+i%seats/15, i%15+1, i*7919%patrons)
		store.Do("RPUSH", fmt.Sprintf("bookings:%d", i/seats), booking)
	}
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// start starts a process beside this one.
func start(words ...string) string {
	command := exec.Command(os.Getenv("PYTHON"), append([]string{os.Getenv("SERVICES")}, words...)...)
	command.Stderr = os.Stderr
	return strings.TrimSpace(string(must(command.Output())))
}

func main() {
	port := start("redis")
	desk := &Desk{make(chan *Redis, 4)}
	for i := 0; i < cap(desk.connections); i++ {
		desk.connections <- dial("127.0.0.1:" + port)
	}
	first := <-desk.connections
	fill(first)
	desk.connections <- first
	listener := must(net.Listen("tcp", "127.0.0.1:0"))
	var paths []string
	for i := 0; i < performances; i++ {
		paths = append(paths, fmt.Sprintf("/list/%d", i))
	}
	at := strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
	go func() { log.Fatal(http.Serve(listener, desk)) }()
	start("customers", at, strings.Join(paths, ","), "2")
	fmt.Println("ready", os.Getpid())
	select {}
}
