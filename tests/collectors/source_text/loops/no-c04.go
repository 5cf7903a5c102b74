package cache

const ways = 8

type entry struct {
	tag  uint64
	used uint32
	ok   bool
}

type Cache struct {
	sets  [][ways]entry
	clock uint32
}

func (c *Cache) access(addr uint64) bool {
	line := addr >> 6
	set, victim := &c.sets[line%uint64(len(c.sets))], 0
	c.clock++
	for i := range set {
		if set[i].ok && set[i].tag == line { // <- 0
			set[i].used = c.clock
			return true
		}
		if set[i].used < set[victim].used {
			victim = i
		}
	}
	set[victim] = entry{line, c.clock, true}
	return false
}

func (c *Cache) Replay(trace []uint64) (miss int) {
	for _, a := range trace {
		if !c.access(a) { // <- 1
			miss++
		}
	}
	return
}
