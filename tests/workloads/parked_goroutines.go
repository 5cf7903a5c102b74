// Goroutines that stand where they say, until the program is stopped: 7 wait for a mutex that one holds while it sleeps,
// 5 for a read-write lock that is written, 4 for a channel, 3 for a group of others; 2 sleep, 1 waits for a connection.
package main

import (
	"fmt"
	"net"
	"os"
	"sync"
	"time"
)

type ledger struct {
	mu sync.Mutex
}

func (l *ledger) add() {
	l.mu.Lock() // @mutex
	defer l.mu.Unlock()
	time.Sleep(time.Hour)
}

var rates sync.RWMutex

func rate() {
	rates.RLock() // @read
	defer rates.RUnlock()
}

func take(jobs chan int) {
	<-jobs // @channel
}

func main() {
	var book ledger
	var group sync.WaitGroup
	group.Add(1)
	jobs := make(chan int)
	rates.Lock()
	for i := 0; i < 8; i++ {
		go book.add()
	}
	for i := 0; i < 5; i++ {
		go rate()
	}
	for i := 0; i < 4; i++ {
		go take(jobs)
	}
	for i := 0; i < 3; i++ {
		go group.Wait()
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go listener.Accept()
	time.Sleep(100 * time.Millisecond)
	fmt.Println("ready", os.Getpid())
	time.Sleep(time.Hour) // @sleep
}
