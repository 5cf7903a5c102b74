// Twelve connections are read with a time limit of 5 ms, in line 26, which runs out but for 7 times a second; four others
// are read without one, in line 38, and bring something 101 times a second.
package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"time"
)

func feed(line net.Conn, every time.Duration) {
	for {
		time.Sleep(every)
		if _, err := line.Write([]byte("x")); err != nil {
			return
		}
	}
}

func limited(line net.Conn) {
	said := make([]byte, 64)
	for {
		line.SetReadDeadline(time.Now().Add(5 * time.Millisecond))
		_, err := line.Read(said)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			continue
		}
		if err != nil {
			return
		}
	}
}

func patient(line net.Conn) {
	said := make([]byte, 64)
	for {
		if _, err := line.Read(said); err != nil {
			return
		}
	}
}

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	for i := 0; i < 16; i++ {
		near, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			panic(err)
		}
		far, err := listener.Accept()
		if err != nil {
			panic(err)
		}
		if i < 12 {
			go limited(near)
			go feed(far, time.Second/7)
		} else {
			go patient(near)
			go feed(far, time.Second/101)
		}
	}
	fmt.Println("ready", os.Getpid())
	select {}
}
