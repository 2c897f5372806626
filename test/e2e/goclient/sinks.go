package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"strings"
	"sync"
	"time"
)

// slowChunk is what a slow reader takes before it pauses.
const slowChunk = 64 << 10

// sink keeps what is written to it and lets others wait for a text in it. An executor may still write after it returned, so it locks.
type sink struct {
	mu      sync.Mutex
	data    bytes.Buffer
	changed chan struct{}
}

func newSink() *sink {
	return &sink{changed: make(chan struct{})}
}

func (s *sink) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.changed)
	s.changed = make(chan struct{})
	return s.data.Write(p)
}

func (s *sink) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.data.String()
}

// take returns what was written so far and forgets it.
func (s *sink) take() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.data.Reset()
	return s.data.String()
}

// waitFor returns when text was written, or ctx's error with what was written instead.
func (s *sink) waitFor(ctx context.Context, text string) error {
	for {
		s.mu.Lock()
		written, changed := s.data.String(), s.changed
		s.mu.Unlock()
		if strings.Contains(written, text) {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("%q did not come, but %s: %w", text, shorten(written), ctx.Err())
		}
	}
}

// meter counts and hashes what is written to it. With a pause it is a slow reader: it waits that long after each slowChunk. With a mark,
// it closes reached when that many bytes came.
type meter struct {
	pause   time.Duration
	mark    int64
	reached chan struct{}

	mu     sync.Mutex
	count  int64
	paused int64
	sum    hash.Hash
}

func newMeter() *meter {
	return &meter{sum: sha256.New(), reached: make(chan struct{})}
}

func (m *meter) Write(p []byte) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	before := m.count
	m.count += int64(len(p))
	m.sum.Write(p)
	if m.mark > 0 && before < m.mark && m.count >= m.mark {
		close(m.reached)
	}
	for m.pause > 0 && m.count-m.paused >= slowChunk {
		m.paused += slowChunk
		<-time.After(m.pause)
	}
	return len(p), nil
}

func (m *meter) read() (count int64, sum string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.count, hex.EncodeToString(m.sum.Sum(nil))
}

// expect compares what came with what should have.
func (m *meter) expect(count int64, sum string) error {
	gotCount, gotSum := m.read()
	if gotCount != count {
		return fmt.Errorf("%d of %d bytes came", gotCount, count)
	}
	if gotSum != sum {
		return fmt.Errorf("%d bytes came with another checksum", count)
	}
	return nil
}

func shorten(text string) string {
	const limit = 300
	if len(text) <= limit {
		return fmt.Sprintf("%q", text)
	}
	return fmt.Sprintf("%q … (%d bytes)", text[:limit], len(text))
}
