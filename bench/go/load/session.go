package main

import (
	"encoding/binary"
	"fmt"
	"io"
	"time"

	"postern.dev/bench/internal/pattern"
)

const (
	keystrokeSize     = 32
	sessionReadBuffer = 4 << 10
	bulkReadBuffer    = 64 << 10
)

// session is an exec session: a connection after the 101.
type session struct {
	*conn
	buffer []byte
	offset int64 // of what was moved in bulk
	stroke [keystrokeSize]byte
	rounds uint64
}

// exec opens a session that runs the upstream's command.
func (t *target) exec(command string) (*session, error) {
	c, err := t.dial(sessionReadBuffer)
	if err != nil {
		return nil, err
	}
	// As kubectl's: a POST without body that asks for SPDY.
	request := t.request("POST", podPath+"/exec?command="+command, "Connection: Upgrade\r\nUpgrade: SPDY/3.1\r\n"+
		"X-Stream-Protocol-Version: v4.channel.k8s.io\r\nContent-Length: 0\r\n")
	if err := c.ask(request, 101); err != nil {
		c.Close()
		return nil, fmt.Errorf("opening a session: %w", err)
	}
	s := &session{conn: c}
	copy(s.stroke[8:], "a keystroke, and "+command)
	return s, nil
}

// keystroke sends 32 bytes that no other round has, and waits until they have come back.
func (s *session) keystroke() (time.Duration, error) {
	s.rounds++
	binary.BigEndian.PutUint64(s.stroke[:], s.rounds)
	var back [keystrokeSize]byte
	start := time.Now()
	if _, err := s.Write(s.stroke[:]); err != nil {
		return 0, err
	}
	if _, err := io.ReadFull(s.in, back[:]); err != nil {
		return 0, fmt.Errorf("waiting for an echo: %w", err)
	}
	latency := time.Since(start)
	if back != s.stroke {
		return 0, fmt.Errorf("echo %q of %q", back, s.stroke)
	}
	return latency, nil
}

// pull has a holding source send times × unit bytes.
func (s *session) pull(times int, unit int64) error {
	if s.buffer == nil {
		s.buffer = make([]byte, bulkReadBuffer)
	}
	if _, err := s.Write(make([]byte, times)); err != nil {
		return err
	}
	noise := sharedNoise()
	for end := s.offset + int64(times)*unit; s.offset < end; {
		n, err := s.in.Read(s.buffer)
		if err != nil {
			return fmt.Errorf("%d bytes before the end: %w", end-s.offset, err)
		}
		if !noise.Matches(s.offset, s.buffer[:n]) {
			return fmt.Errorf("wrong bytes after %d", s.offset)
		}
		if s.offset += int64(n); s.offset > end {
			return fmt.Errorf("%d bytes too many", s.offset-end)
		}
	}
	return nil
}

// push sends times × unit bytes to a sink that answers a byte for each unit.
func (s *session) push(times int, unit int64) error {
	noise := sharedNoise()
	for end := s.offset + int64(times)*unit; s.offset < end; {
		n := int(min(pattern.Piece, end-s.offset))
		s.below.Hold()
		if _, err := s.Write(noise.At(s.offset, n)); err != nil {
			return err
		}
		if err := s.below.Flush(); err != nil {
			return err
		}
		s.offset += int64(n)
	}
	answers := make([]byte, times)
	if _, err := io.ReadFull(s.in, answers); err != nil {
		return fmt.Errorf("waiting for the sink: %w", err)
	}
	for _, answer := range answers {
		if answer != '.' {
			return fmt.Errorf("the sink got other bytes than were sent (%q)", answers)
		}
	}
	return nil
}
