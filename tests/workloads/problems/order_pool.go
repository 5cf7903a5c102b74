// expect: pattern=pool-undersized bench
// Totals of orders, asked by twelve over two connections of database/sql.
package main

import (
	"bufio"
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"io"
	"net"
	"os"
	"time"
)

type wire struct{}
type conn struct {
	c net.Conn
	r *bufio.Reader
}
type stmt struct{ c *conn }
type rows struct{ left int }

func (wire) Open(name string) (driver.Conn, error) {
	c, err := net.Dial("tcp", name)
	if err != nil {
		return nil, err
	}
	return &conn{c, bufio.NewReader(c)}, nil
}
func (c *conn) Prepare(q string) (driver.Stmt, error) { return &stmt{c}, nil }
func (c *conn) Close() error                          { return c.c.Close() }
func (c *conn) Begin() (driver.Tx, error)             { return nil, driver.ErrSkip }
func (s *stmt) Close() error                          { return nil }
func (s *stmt) NumInput() int                         { return -1 }
func (s *stmt) Exec(a []driver.Value) (driver.Result, error) {
	return nil, driver.ErrSkip
}
func (s *stmt) Query(a []driver.Value) (driver.Rows, error) {
	fmt.Fprintln(s.c.c, "order", a[0])
	if _, err := s.c.r.ReadString('\n'); err != nil {
		return nil, err
	}
	return &rows{1}, nil
}
func (r *rows) Columns() []string { return []string{"total"} }
func (r *rows) Close() error      { return nil }
func (r *rows) Next(to []driver.Value) error {
	if r.left == 0 {
		return io.EOF
	}
	r.left--
	to[0] = int64(7)
	return nil
}

func store(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			in := bufio.NewScanner(c)
			for in.Scan() {
				time.Sleep(12 * time.Millisecond)
				fmt.Fprintln(c, "7")
			}
		}()
	}
}

func total(db *sql.DB, n int) (sum int64) {
	db.QueryRowContext(context.Background(), "select total from orders where id = ?", n).Scan(&sum) // <- cost
	return
}

func main() {
	l, _ := net.Listen("tcp", "127.0.0.1:0")
	go store(l)
	sql.Register("wire", wire{})
	db, _ := sql.Open("wire", l.Addr().String())
	db.SetMaxOpenConns(2) // <- cost
	db.SetMaxIdleConns(2)
	fmt.Println("ready", os.Getpid())
	for w := 0; w < 12; w++ {
		go func() {
			for n := 0; ; n++ {
				total(db, n)
				time.Sleep(5 * time.Millisecond)
			}
		}()
	}
	select {}
}
