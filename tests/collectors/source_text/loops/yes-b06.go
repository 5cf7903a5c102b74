package sched

import "time"

type Booking struct {
	Room       string
	Start, End time.Time
}

type Calendar struct {
	inner struct {
		bookings []*Booking
	}
}

func (c *Calendar) clashes(b *Booking) (n int) {
	for _, o := range c.inner.bookings {
		if o == b || o.Room != b.Room { // <- 0
			continue
		}
		if o.Start.Before(b.End) && b.Start.Before(o.End) {
			n++
		}
	}
	return
}

func (c *Calendar) Import(ch <-chan *Booking) (rejected []*Booking) {
	for b := range ch { // <- outer
		if c.clashes(b) > 0 { // <- 1
			rejected = append(rejected, b)
			continue
		}
		c.inner.bookings = append(c.inner.bookings, b)
	}
	return rejected
}
