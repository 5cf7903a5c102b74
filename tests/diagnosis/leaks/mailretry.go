package mailer

import (
	"bytes"
	"errors"
	"fmt"
	"log"
	"net/smtp"
	"text/template"
	"time"
)

var body = template.Must(template.New("m").Parse("Dear {{.Name}},\n\n{{.Text}}\n"))

type Request struct {
	To, Name, Text string
}

type envelope struct {
	to       string
	data     []byte
	attempts int
	next     time.Time
}

type Mailer struct {
	addr    string
	from    string
	in      chan Request
	retries []*envelope // <- cost
	stats   map[string]int
}

func New(addr, from string) *Mailer {
	return &Mailer{
		addr:  addr,
		from:  from,
		in:    make(chan Request, 64),
		stats: map[string]int{},
	}
}

func (m *Mailer) compose(r Request) (*envelope, error) {
	var buf bytes.Buffer
	fmt.Fprintf(&buf, "From: %s\r\nTo: %s\r\n\r\n", m.from, r.To) // <- made 20
	if err := body.Execute(&buf, r); err != nil {                 // <- made 75
		return nil, err
	}
	return &envelope{to: r.To, data: buf.Bytes()}, nil // <- made 5
}

func (m *Mailer) deliver(e *envelope) error {
	e.attempts++
	err := smtp.SendMail(m.addr, nil, m.from, []string{e.to}, e.data)
	if err == nil {
		m.stats["sent"]++
		return nil
	}
	m.stats["failed"]++
	e.next = time.Now().Add(time.Duration(e.attempts) * time.Minute)
	return fmt.Errorf("to %s: %w", e.to, err)
}

func (m *Mailer) drain(now time.Time) []error {
	var errs []error
	due := m.retries
	m.retries = nil
	for _, e := range due {
		if now.Before(e.next) {
			m.retries = append(m.retries, e)
			continue
		}
		if err := m.deliver(e); err != nil {
			errs = append(errs, err)
			m.retries = append(m.retries, e) // <- cost
		}
	}
	return errs
}

func (m *Mailer) Run() {
	tick := time.NewTicker(10 * time.Second)
	defer tick.Stop()
	for {
		select {
		case r := <-m.in:
			e, err := m.compose(r)
			if err != nil {
				log.Print(err)
				continue
			}
			if err := m.deliver(e); err != nil {
				m.retries = append(m.retries, e) // <- cost
			}
		case now := <-tick.C:
			if errs := m.drain(now); len(errs) > 0 {
				log.Print(errors.Join(errs...))
			}
		}
	}
}

func (m *Mailer) Send(r Request) { m.in <- r }
