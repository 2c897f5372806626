package main

import (
	"fmt"
	"math"
	"time"

	"postern.dev/bench/internal/pattern"
)

// Content and framing of one piece of a list are 64 KiB together: four full TLS records.
const (
	pieceSize   = 64 << 10
	pieceHead   = "fff8\r\n"
	pieceTail   = "\r\n"
	pieceLength = pieceSize - len(pieceHead) - len(pieceTail)
)

// list answers with as many bytes of text, chunked.
func (c *connection) list(bytes int64) error {
	if _, err := c.Write(c.server.chunkedHead); err != nil {
		return err
	}
	piece := make([]byte, 0, pieceSize)
	for offset := int64(0); offset < bytes; {
		piece = piece[:0]
		n := int(min(int64(pieceLength), bytes-offset))
		if n == pieceLength {
			piece = append(piece, pieceHead...)
		} else {
			piece = fmt.Appendf(piece, "%x\r\n", n)
		}
		piece = append(piece, c.server.text.At(offset, n)...)
		piece = append(piece, pieceTail...)
		if err := c.writeBulk(piece); err != nil {
			return err
		}
		offset += int64(n)
	}
	_, err := c.Write([]byte("0\r\n\r\n"))
	return err
}

type watch struct {
	rate  float64 // events a second; 0: none ever
	size  int
	count int64 // -1: without end
	tag   string
}

// watch sends events on a schedule, each in one write, as a kube-apiserver flushes each.
func (c *connection) watch(w watch) error {
	line, err := pattern.NewEvent(w.size, w.tag)
	if err != nil {
		return c.refuse("400 Bad Request")
	}
	if _, err := c.Write(c.server.chunkedHead); err != nil {
		return err
	}
	if w.rate == 0 {
		_, err := c.in.ReadByte() // until the caller goes
		return err
	}
	chunk := fmt.Appendf(nil, "%x\r\n%s\r\n", len(line), line)
	stamped := chunk[len(chunk)-len(line)-2 : len(chunk)-2]
	gap := float64(time.Second) / w.rate
	// Watches are spread over the gap between two events (the golden ratio never lines up), else a thousand would send at once.
	_, phase := math.Modf(float64(c.server.watches.Add(1)) * math.Phi)
	start := time.Now()
	for order := int64(0); order != w.count; order++ {
		// Against the schedule, not the last event: a late one does not lower the rate.
		time.Sleep(time.Until(start.Add(time.Duration((float64(order) + phase) * gap))))
		pattern.Stamp(stamped, time.Now(), order)
		if _, err := c.Write(chunk); err != nil {
			return err
		}
	}
	_, err = c.Write([]byte("0\r\n\r\n"))
	return err
}
