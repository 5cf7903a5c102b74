// Takes a job from standard input, a socket of packets, at every so many turns; ends when nobody gives any more.
package main

import (
	"os"
	"syscall"
)

var turns int
var job [64]byte

func nextTurn(every int) {
	turns++
	for turns%every == 0 {
		count, err := syscall.Read(0, job[:])
		if err == syscall.EINTR {
			continue
		}
		if count <= 0 {
			os.Exit(0)
		}
		return
	}
}
