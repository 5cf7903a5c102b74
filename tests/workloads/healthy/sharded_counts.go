// expect: healthy bench
// Counters in sixteen parts, each with a lock of its own that is held for a moment.
package main

import (
	"crypto/sha256"
	"fmt"
	"os"
	"sync"
	"time"
)

type shard struct {
	mu sync.Mutex
	n  map[byte]int
}

func main() {
	var shards [16]shard
	for i := range shards {
		shards[i].n = map[byte]int{}
	}
	jobs := make(chan int)
	fmt.Println("ready", os.Getpid())
	for w := 0; w < 8; w++ {
		go func() {
			for j := range jobs {
				sum := sha256.Sum256([]byte(fmt.Sprint(j)))
				for i := 0; i < 200; i++ {
					sum = sha256.Sum256(sum[:])
				}
				s := &shards[sum[0]%16]
				s.mu.Lock()
				s.n[sum[1]]++
				s.mu.Unlock()
			}
		}()
	}
	for n := 0; ; n++ {
		jobs <- n
		if n%100 == 0 {
			time.Sleep(time.Millisecond)
		}
	}
}
