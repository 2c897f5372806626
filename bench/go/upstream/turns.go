package main

import (
	"sync"
	"time"
)

// turns hands out one turn after another, so many a second; what was not used is not saved up.
type turns struct {
	every time.Duration
	mutex sync.Mutex
	next  time.Time
}

// newTurns gives nil, which lets everybody pass, for a rate of 0.
func newTurns(rate float64) *turns {
	if rate <= 0 {
		return nil
	}
	return &turns{every: time.Duration(float64(time.Second) / rate)}
}

// wait returns when it is the caller's turn.
func (t *turns) wait() {
	if t == nil {
		return
	}
	t.mutex.Lock()
	now := time.Now()
	// A sleep may take a millisecond too long: what is late by no more than that is made good.
	if t.next.Before(now.Add(-time.Millisecond)) {
		t.next = now.Add(-time.Millisecond)
	}
	turn := t.next
	t.next = turn.Add(t.every)
	t.mutex.Unlock()
	time.Sleep(turn.Sub(now))
}
