package factory

import "container/heap"

type Event struct {
	At   float64
	Name string
	Run  func(*Clock)
}

type queue []Event

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return q[i].At < q[j].At } // <- hot 22
func (q queue) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }  // <- hot 17
func (q *queue) Push(x any)        { *q = append(*q, x.(Event)) }
func (q *queue) Pop() any {
	old := *q
	e := old[len(old)-1]
	*q = old[:len(old)-1]
	return e
}

type Clock struct {
	Now     float64
	pending queue
}

func (c *Clock) After(delay float64, name string, run func(*Clock)) {
	heap.Push(&c.pending, Event{c.Now + delay, name, run}) // <- hot 14
}

func (c *Clock) next() Event {
	return heap.Pop(&c.pending).(Event) // <- hot 24
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
