package factory

type Event struct {
	At   float64
	Name string
	Run  func(*Clock)
}

type Clock struct {
	Now     float64
	pending []Event
}

func (c *Clock) After(delay float64, name string, run func(*Clock)) {
	c.pending = append(c.pending, Event{c.Now + delay, name, run})
}

func (c *Clock) next() Event {
	best := 0
	for i := range c.pending { // <- cost hot 33
		if c.pending[i].At < c.pending[best].At { // <- cost hot 52
			best = i
		}
	}
	e := c.pending[best]
	last := len(c.pending) - 1
	c.pending[best] = c.pending[last]
	c.pending = c.pending[:last]
	return e
}

// Run advances until nothing is pending or the time is up.
func (c *Clock) Run(until float64) int {
	n := 0
	for len(c.pending) > 0 {
		e := c.next()
		if e.At > until {
			break
		}
		c.Now = e.At
		e.Run(c)
		n++
	}
	return n
}
