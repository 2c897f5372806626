// Package bulk saves system calls below crypto/tls when much is sent: TLS hands down one record of 16 KiB at a time, the connection
// gathers them.
package bulk

import "net"

// Conn is a connection to be put below TLS. Until Hold is called it does nothing but pass on.
type Conn struct {
	net.Conn
	holding bool
	held    []byte
}

// Hold gathers what is written from now on, until Flush. Hold, writes and Flush are one goroutine's.
func (c *Conn) Hold() { c.holding = true }

// Flush writes what was gathered.
func (c *Conn) Flush() error {
	c.holding = false
	_, err := c.Conn.Write(c.held)
	c.held = c.held[:0]
	return err
}

// Write is net.Conn's.
func (c *Conn) Write(p []byte) (int, error) {
	if !c.holding {
		return c.Conn.Write(p)
	}
	c.held = append(c.held, p...)
	return len(p), nil
}
