package main

import (
	"sync"
	"testing"
	"time"
)

func TestTurnsAreSoManyASecond(t *testing.T) {
	const rate, callers, each = 500, 20, 10
	turns := newTurns(rate)
	start := time.Now()
	var wait sync.WaitGroup
	for range callers {
		wait.Add(1)
		go func() {
			defer wait.Done()
			for range each {
				turns.wait()
			}
		}()
	}
	wait.Wait()
	if took, least := time.Since(start), time.Second*(callers*each-2)/rate; took < least {
		t.Errorf("%d turns took %v, at %d a second they take %v", callers*each, took, rate, least)
	}
}

func TestWithoutARateNobodyWaits(t *testing.T) {
	newTurns(0).wait()
}
