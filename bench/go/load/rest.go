package main

import (
	"bytes"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"postern.dev/bench/internal/http1"
	"postern.dev/bench/internal/pattern"
)

const restReadBuffer = 16 << 10

// get asks for one 4 kB object again and again: each caller on its own connection, or all on one over HTTP/2.
func get(r *run) error {
	if r.http2 {
		return getHTTP2(r)
	}
	callers := make([]*getter, r.callers)
	request := r.request("GET", podPath, "")
	all := func(n int64) {
		var left atomic.Int64
		left.Store(n)
		r.together(r.callers, func(i int) error {
			for left.Add(-1) >= 0 {
				start := time.Now()
				if err := callers[i].get(request); err != nil {
					return err
				}
				r.latencies.add(time.Since(start))
			}
			return nil
		})
	}
	if err := r.prepare(r.callers, func(i int) error {
		c, err := r.dial(restReadBuffer)
		callers[i] = newGetter(c)
		return err
	}); err != nil {
		return err
	}
	all((r.requests + units - 1) / units)
	if err := r.failed(); err != nil {
		return err
	}
	r.ready()
	all(r.requests)
	r.done(float64(r.latencies.count()), "request")
	return nil
}

// getter is a connection that GETs the pod.
type getter struct {
	*conn
	want, got []byte
}

func newGetter(c *conn) *getter {
	want := pattern.Pod()
	return &getter{c, want, make([]byte, len(want))}
}

func (g *getter) get(request []byte) error {
	if err := g.ask(request, 200); err != nil {
		return err
	}
	body, err := http1.NewBody(&g.head, g.in)
	if err != nil {
		return err
	}
	if _, err := io.ReadFull(&body, g.got); err != nil {
		return err
	}
	if _, err := body.Next(); err != io.EOF || !bytes.Equal(g.got, g.want) {
		return fmt.Errorf("not the object that was asked for: %q…", g.got[:80])
	}
	return nil
}

// churn is kubectl's pattern: a connection, one GET, close.
func churn(r *run) error {
	request := r.request("GET", podPath, "")
	return r.oneByOne("connection", func() error {
		c, err := r.dial(restReadBuffer)
		if err != nil {
			return err
		}
		if r.http2 {
			err = newHTTP2(c, r.target).get(1, 1, func(time.Duration) {})
		} else {
			err = newGetter(c).get(request)
		}
		if err != nil {
			return err
		}
		return c.Close()
	})
}

// list reads large lists, one after another, on one connection.
func list(r *run) error {
	c, err := r.dial(bulkReadBuffer)
	if err != nil {
		return err
	}
	text := pattern.Text()
	read := func(want int64) (got int64, err error) {
		if err := c.ask(r.request("GET", fmt.Sprintf("/api/v1/namespaces/bench/configmaps?bytes=%d", want), ""), 200); err != nil {
			return 0, err
		}
		body, err := http1.NewBody(&c.head, c.in)
		if err != nil {
			return 0, err
		}
		for {
			piece, err := body.Next()
			if err == io.EOF && got == want {
				return got, nil
			}
			if err != nil {
				return got, fmt.Errorf("%d bytes of %d: %w", got, want, err)
			}
			if !text.Matches(got, piece) {
				return got, fmt.Errorf("wrong bytes after %d", got)
			}
			got += int64(len(piece))
		}
	}
	if _, err := read(max(r.bytes*r.count/units, 1)); err != nil {
		return err
	}
	r.ready()
	var all int64
	for range r.count {
		start := time.Now()
		got, err := read(r.bytes)
		all += got
		if err != nil {
			r.note(err)
			break
		}
		r.latencies.add(time.Since(start))
	}
	r.done(float64(all)/1e9, "GB")
	return nil
}
