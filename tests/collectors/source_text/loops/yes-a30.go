package firewall

import (
	"bufio"
	"io"
	"net"
)

var blocked []*net.IPNet

func isBlocked(ip net.IP) bool {
	for _, n := range blocked {
		if n.Contains(ip) { // <- 0
			return true
		}
	}
	return false
}

func Count(r io.Reader) (int, error) {
	hits := 0
	sc := bufio.NewScanner(r)
	for sc.Scan() { // <- outer
		ip := net.ParseIP(sc.Text())
		if ip == nil {
			continue
		}
		if isBlocked(ip) { // <- 1
			hits++
		}
	}
	return hits, sc.Err()
}
