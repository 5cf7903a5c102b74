// expect: healthy bench
// Sessions behind one mutex; a session's badge is made before it is taken.
package main

import (
	"crypto/sha256"
	"fmt"
	"os"
	"sync"
	"time"
)

type Sessions struct {
	mu    sync.Mutex
	byKey map[string][]byte
}

func render(key string, old []byte) []byte {
	sum := sha256.Sum256(append([]byte(key), old...))
	for i := 0; i < 2000; i++ {
		sum = sha256.Sum256(sum[:])
	}
	return sum[:]
}

func (s *Sessions) Touch(key string) []byte {
	s.mu.Lock()
	old := s.byKey[key]
	s.mu.Unlock()
	fresh := render(key, old)
	s.mu.Lock()
	s.byKey[key] = fresh
	s.mu.Unlock()
	return fresh
}

func (s *Sessions) Count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.byKey)
}

func main() {
	s := &Sessions{byKey: map[string][]byte{}}
	fmt.Println("ready", os.Getpid())
	for w := 0; w < 12; w++ {
		go func(w int) {
			for n := 0; ; n++ {
				s.Touch(fmt.Sprintf("user-%d-%d", w, n%50))
				time.Sleep(20 * time.Millisecond)
			}
		}(w)
	}
	for {
		time.Sleep(50 * time.Millisecond)
		s.Count()
	}
}
