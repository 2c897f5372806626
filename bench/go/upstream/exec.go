package main

import (
	"crypto/sha1"
	"encoding/base64"
	"fmt"

	"postern.dev/bench/internal/pattern"
)

const (
	execBufferSize = 64 << 10
	echoBufferSize = 4 << 10
	// Answers of sink: so many bytes came, and they were the right ones or not.
	sinkGood = '.'
	sinkBad  = '!'
)

// exec is a session. After the 101 the connection carries raw bytes: the proxies splice them and do not look.
type exec struct {
	command string
	bytes   int64
	hold    bool
}

func (c *connection) exec(e exec) error {
	var run func(exec) error
	switch e.command {
	case "echo":
		run = c.echo
	case "sink":
		run = c.sink
	case "source":
		run = c.source
	}
	if run == nil || e.bytes == 0 && e.command != "echo" {
		return c.refuse("400 Bad Request")
	}
	accept := ""
	if len(c.head.Key) > 0 { // RFC 6455 §4.2.2: a proxy may check it
		sum := sha1.Sum(append(c.head.Key, "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"...))
		accept = "Sec-WebSocket-Accept: " + base64.StdEncoding.EncodeToString(sum[:]) + "\r\n"
	}
	if _, err := fmt.Fprintf(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: %s\r\n%s"+
		"X-Stream-Protocol-Version: v4.channel.k8s.io\r\n\r\n", c.head.Upgrade, accept); err != nil {
		return err
	}
	return run(e)
}

// echo returns what comes.
func (c *connection) echo(exec) error {
	// Small, because 3,000 idle sessions have one each.
	buffer := make([]byte, echoBufferSize)
	for {
		n, err := c.in.Read(buffer)
		if err != nil {
			return err
		}
		if _, err := c.Write(buffer[:n]); err != nil {
			return err
		}
	}
}

// sink answers one byte each time that another e.bytes have come.
func (c *connection) sink(e exec) error {
	buffer := make([]byte, execBufferSize)
	answer := []byte{sinkGood}
	for offset, due := int64(0), e.bytes; ; {
		n, err := c.in.Read(buffer)
		if err != nil {
			return err
		}
		if !c.server.noise.Matches(offset, buffer[:n]) {
			answer[0] = sinkBad
		}
		for offset += int64(n); offset >= due; due += e.bytes {
			if _, err := c.Write(answer); err != nil {
				return err
			}
		}
	}
}

// source writes e.bytes and ends; with hold it writes as many for each byte that comes, so that a session can be made and warmed up
// before it is measured.
func (c *connection) source(e exec) error {
	if !e.hold {
		return c.writeNoise(0, e.bytes)
	}
	for offset := int64(0); ; offset += e.bytes {
		if _, err := c.in.ReadByte(); err != nil {
			return err
		}
		if err := c.writeNoise(offset, e.bytes); err != nil {
			return err
		}
	}
}

func (c *connection) writeNoise(offset, bytes int64) error {
	for end := offset + bytes; offset < end; {
		n := int(min(pattern.Piece, end-offset))
		if err := c.writeBulk(c.server.noise.At(offset, n)); err != nil {
			return err
		}
		offset += int64(n)
	}
	return nil
}

// writeBulk writes the records of p by one system call.
func (c *connection) writeBulk(p []byte) error {
	c.below.Hold()
	if _, err := c.Write(p); err != nil {
		return err
	}
	return c.below.Flush()
}
