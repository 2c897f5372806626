package main

import (
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"postern.dev/bench/internal/http1"
	"postern.dev/bench/internal/pattern"
)

const watchReadBuffer = 4 << 10

// watch holds watches open and takes the delay of each event from the time inside it. Events flow from the set-up on; those received
// between the runner's go and the end count.
func watch(r *run) error {
	var measuring, over atomic.Bool
	var received atomic.Int64
	var readers sync.WaitGroup
	conns := make([]*conn, r.watches)
	err := r.prepare(r.watches, func(i int) (err error) {
		if conns[i], err = r.dial(watchReadBuffer); err != nil {
			return err
		}
		w := &watcher{conn: conns[i]}
		if w.like, err = pattern.NewEvent(r.size, fmt.Sprintf("w%d", i)); err != nil {
			return err
		}
		path := fmt.Sprintf("/api/v1/namespaces/bench/events?watch=1&rate=%g&size=%d&tag=w%d", r.rate, r.size, i)
		if err := w.ask(r.request("GET", path, ""), 200); err != nil {
			return err
		}
		readers.Go(func() {
			err := w.read(func(delay time.Duration) {
				received.Add(1)
				if measuring.Load() {
					r.latencies.add(delay)
				}
			})
			if !over.Load() {
				r.note(fmt.Errorf("watch %d: %w", i, err))
			}
		})
		return nil
	})
	if err != nil {
		return err
	}
	duration := time.Duration(r.seconds) * time.Second
	time.Sleep(duration / units)
	if received.Load() == 0 {
		return fmt.Errorf("no event in %v", duration/units)
	}
	r.ready()
	measuring.Store(true)
	time.Sleep(duration)
	measuring.Store(false)
	events := r.latencies.count()
	// What the upstream should have sent meanwhile: less means that somebody on the way did not keep up.
	r.detail["scheduled"] = int64(float64(r.watches) * r.rate * duration.Seconds())
	r.done(float64(events), "event")
	over.Store(true)
	for _, c := range conns {
		c.NetConn().Close()
	}
	readers.Wait()
	return nil
}

type watcher struct {
	*conn
	like []byte
}

// read takes events until the connection ends. They have to come complete and in order.
func (w *watcher) read(took func(delay time.Duration)) error {
	body, err := http1.NewBody(&w.head, w.in)
	if err != nil {
		return err
	}
	line := make([]byte, len(w.like))
	for next := int64(0); ; next++ {
		if _, err := io.ReadFull(&body, line); err != nil {
			return err
		}
		now := time.Now()
		sent, order, ok := pattern.ReadStamp(line, w.like)
		if !ok {
			return fmt.Errorf("not an event: %q", line)
		}
		if order != next {
			return fmt.Errorf("event %d where %d was due", order, next)
		}
		took(time.Duration(now.UnixNano() - sent))
	}
}
