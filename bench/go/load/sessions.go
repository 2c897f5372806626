package main

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"postern.dev/bench/internal/pattern"
)

// Bulk work is done in ten units after a warm-up of one.
const units = 10

var sharedNoise = sync.OnceValue(pattern.Noise)

// stream moves bytes one way through exec sessions.
func stream(r *run) error {
	unit := (r.bytes + units - 1) / units
	command, move := fmt.Sprintf("source&hold=1&bytes=%d", unit), (*session).pull
	switch r.direction {
	case "down":
	case "up":
		command, move = fmt.Sprintf("sink&bytes=%d", unit), (*session).push
	default:
		return fmt.Errorf("--direction %q is neither down nor up", r.direction)
	}
	sessions, err := r.openAll(r.sessions, command, func(s *session) error { return move(s, 1, unit) })
	if err != nil {
		return err
	}
	r.ready()
	r.together(r.sessions, func(i int) error { return move(sessions[i], units, unit) })
	var moved int64
	for _, s := range sessions {
		moved += s.offset - unit
	}
	r.done(float64(moved)/1e9, "GB")
	return nil
}

// openAll opens sessions and warms up each.
func (r *run) openAll(n int, command string, warmUp func(*session) error) ([]*session, error) {
	sessions := make([]*session, n)
	err := r.prepare(n, func(i int) (err error) {
		if sessions[i], err = r.exec(command); err != nil {
			return err
		}
		return warmUp(sessions[i])
	})
	return sessions, err
}

// keystroke types in all sessions at once, each waiting for the echo before the next.
func keystroke(r *run) error {
	return r.roundTrips(0)
}

// roundTrips measures rounds keystrokes of each session, after a tenth as many, with a pause before each.
func (r *run) roundTrips(pause time.Duration) error {
	rounds := func(s *session, n int64) error {
		for range n {
			time.Sleep(pause)
			latency, err := s.keystroke()
			if err != nil {
				return err
			}
			r.latencies.add(latency)
		}
		return nil
	}
	sessions, err := r.openAll(r.sessions, "echo", func(s *session) error { return rounds(s, (r.rounds+units-1)/units) })
	if err != nil {
		return err
	}
	r.ready()
	r.together(r.sessions, func(i int) error { return rounds(sessions[i], r.rounds) })
	r.done(float64(r.latencies.count()), "round trip")
	return nil
}

// openSessions opens and closes sessions, one after another.
func openSessions(r *run) error {
	return r.oneByOne("session", func() error {
		s, err := r.exec("echo")
		if err != nil {
			return err
		}
		if _, err := s.keystroke(); err != nil {
			return err
		}
		return s.Close()
	})
}

// oneByOne measures count calls of do after a tenth as many.
func (r *run) oneByOne(unit string, do func() error) error {
	for range (r.count + units - 1) / units {
		if err := do(); err != nil {
			return err
		}
	}
	r.ready()
	for range r.count {
		start := time.Now()
		if err := do(); err != nil {
			r.note(err)
			continue
		}
		r.latencies.add(time.Since(start))
	}
	r.done(float64(r.latencies.count()), unit)
	return nil
}

// typeOnce finds out whether a session is alive.
func typeOnce(s *session) error {
	_, err := s.keystroke()
	return err
}

// idle holds sessions open until the runner ends it. Each has to be alive before and after.
func idle(r *run) error {
	sessions, err := r.openAll(r.sessions, "echo", typeOnce)
	if err != nil {
		return err
	}
	r.ready()
	var alive atomic.Int64
	r.together(r.sessions, func(i int) error {
		err := typeOnce(sessions[i])
		if err == nil {
			alive.Add(1)
		}
		return err
	})
	r.done(float64(alive.Load()), "session")
	for _, s := range sessions {
		s.Close()
	}
	return nil
}

// hold keeps sessions open in which somebody types now and then: each every roundsPause, spread over it, for so many seconds.
func hold(r *run) error {
	sessions, err := r.openAll(r.sessions, "echo", typeOnce)
	if err != nil {
		return err
	}
	r.ready()
	pause := time.Duration(r.roundsPause) * time.Millisecond
	r.together(r.sessions, func(i int) error {
		for due := pause * time.Duration(i) / time.Duration(r.sessions); due < time.Duration(r.seconds)*time.Second; due += pause {
			time.Sleep(due - time.Since(r.began))
			latency, err := sessions[i].keystroke()
			if err != nil {
				return fmt.Errorf("session %d: %w", i, err)
			}
			r.latencies.add(latency)
		}
		return nil
	})
	r.done(float64(r.latencies.count()), "round trip")
	return nil
}

// A paced download is asked for in pieces of this size, each when it is due.
const pacedUnit = 1_000_000

// pullPaced reads as many paced units, so many MB a second.
func (s *session) pullPaced(times int64, pace float64) error {
	began := time.Now()
	for done := range times {
		due := time.Duration(float64(done*pacedUnit) / (pace * 1e6) * float64(time.Second))
		time.Sleep(due - time.Since(began))
		if err := s.pull(1, pacedUnit); err != nil {
			return err
		}
	}
	return nil
}

// mixed types in one session while another downloads; detail.idleP99 is the typing's before.
func mixed(r *run) error {
	unit, times := (r.bytes+units-1)/units, int64(units)
	if r.pace > 0 {
		unit, times = pacedUnit, max(r.bytes/pacedUnit, 1)
	}
	download, err := r.openAll(1, fmt.Sprintf("source&hold=1&bytes=%d", unit), func(s *session) error { return s.pull(1, unit) })
	if err != nil {
		return err
	}
	typing := func(s *session) error {
		time.Sleep(time.Duration(r.roundsPause) * time.Millisecond)
		latency, err := s.keystroke()
		r.latencies.add(latency)
		return err
	}
	typists, err := r.openAll(1, "echo", func(s *session) error {
		for range r.idleRounds {
			if err := typing(s); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	r.detail["idleP50"], r.detail["idleP99"] = r.latencies.quantile(0.5).Seconds(), r.latencies.quantile(0.99).Seconds()
	r.ready()
	over := make(chan struct{})
	r.together(2, func(i int) error {
		if i == 0 {
			defer close(over)
			if r.pace > 0 {
				return download[0].pullPaced(times, r.pace)
			}
			return download[0].pull(units, unit)
		}
		for {
			select {
			case <-over:
				return nil
			default:
			}
			if err := typing(typists[0]); err != nil {
				return err
			}
		}
	})
	r.detail["roundTrips"] = r.latencies.count()
	r.done(float64(download[0].offset-unit)/1e9, "GB")
	return nil
}
