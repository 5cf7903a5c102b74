package market

import (
	"container/heap"
	"math/rand"
)

type Order struct {
	ID    int
	Agent int
	Price float64
	Qty   int
	Buy   bool
	Fills []float64
}

type book []*Order

func (b book) Len() int           { return len(b) }
func (b book) Less(i, j int) bool { return b[i].Price < b[j].Price }
func (b book) Swap(i, j int)      { b[i], b[j] = b[j], b[i] }
func (b *book) Push(x any)        { *b = append(*b, x.(*Order)) }
func (b *book) Pop() any {
	old := *b
	o := old[len(old)-1]
	old[len(old)-1] = nil
	*b = old[:len(old)-1]
	return o
}

type Agent struct {
	id     int
	cash   float64
	orders map[int]*Order // <- cost
	mood   []float64
}

type Sim struct {
	agents []*Agent
	asks   book
	seq    int
	prices []float64
	rng    *rand.Rand
}

func New(n int, seed int64) *Sim {
	s := &Sim{rng: rand.New(rand.NewSource(seed))}
	for i := 0; i < n; i++ {
		s.agents = append(s.agents, &Agent{id: i, cash: 1000, orders: map[int]*Order{}})
	}
	return s
}

func (s *Sim) quote(a *Agent, mid float64) *Order {
	s.seq++
	return &Order{ // <- made 60
		ID:    s.seq,
		Agent: a.id,
		Price: mid * (0.98 + 0.04*s.rng.Float64()),
		Qty:   1 + s.rng.Intn(9),
		Buy:   s.rng.Intn(2) == 0,
	}
}

func (s *Sim) match(o *Order) {
	for o.Qty > 0 && s.asks.Len() > 0 && s.asks[0].Price <= o.Price {
		top := s.asks[0]
		n := min(o.Qty, top.Qty)
		o.Qty -= n
		top.Qty -= n
		o.Fills = append(o.Fills, top.Price) // <- made 15
		s.agents[o.Agent].cash -= float64(n) * top.Price
		s.agents[top.Agent].cash += float64(n) * top.Price
		if top.Qty == 0 {
			heap.Pop(&s.asks) // <- cost
		}
		s.prices = append(s.prices, top.Price)
	}
}

func (s *Sim) Step(mid float64) float64 {
	for _, a := range s.agents {
		o := s.quote(a, mid)
		a.orders[o.ID] = o // <- made 25 <- cost
		if o.Buy {
			s.match(o)
		} else {
			heap.Push(&s.asks, o)
		}
		a.mood = append(a.mood[:0], mid, o.Price, a.cash)
	}
	for s.asks.Len() > 500 {
		heap.Pop(&s.asks)
	}
	sum := 0.0
	for _, p := range s.prices {
		sum += p
	}
	n := len(s.prices)
	s.prices = s.prices[:0]
	if n == 0 {
		return mid
	}
	return sum / float64(n)
}
