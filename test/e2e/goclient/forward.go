package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"

	"k8s.io/client-go/tools/portforward"
)

func forwardCases() []testCase {
	facts := []struct {
		name string
		run  func(ctx context.Context, t *target, k dialerKind) error
	}{
		{"port-forward: 1 MiB comes back, then a half-close ends the connection", echoAndHalfClose},
		{"port-forward: what is under way at a half-close still comes back", halfCloseAtOnce},
		{"port-forward: 5 connections at once", parallelConnections},
		{"port-forward: two ports at once", twoPorts},
		{"port-forward: a port where nobody listens ends the connection and the forward, and the error is told", closedInPod},
		{"port-forward: the stop channel ends it and its listener", stopChannel},
	}
	var cases []testCase
	for _, kind := range dialerKinds {
		for _, fact := range facts {
			cases = append(cases, testCase{
				name: kind.name + " " + fact.name,
				run:  func(ctx context.Context, t *target) error { return fact.run(ctx, t, kind) },
			})
		}
	}
	return cases
}

// fallbackCases are those where a refused WebSocket is followed by SPDY.
func fallbackCases() []testCase {
	return []testCase{
		{"refused exec: SPDY follows a WebSocket protocol that no server has", func(ctx context.Context, t *target) error {
			var count atomic.Int32
			return expectFallback(&count, separateOutputs(ctx, t, executorKind{make: newCountingFallback(&count)}))
		}},
		{"refused port-forward: SPDY follows a WebSocket protocol that no server has", func(ctx context.Context, t *target) error {
			var count atomic.Int32
			return expectFallback(&count, twoPorts(ctx, t, dialerKind{make: newCountingFallbackDialer(&count)}))
		}},
	}
}

func expectFallback(count *atomic.Int32, err error) error {
	if err == nil && count.Load() != 1 {
		return fmt.Errorf("fell back %d times", count.Load())
	}
	return err
}

// echoAndHalfClose closes its side after all came back, because containerd ends a forwarded connection a second after one side's end.
func echoAndHalfClose(ctx context.Context, t *target, k dialerKind) error {
	f, err := k.open(ctx, t, echoPort)
	if err != nil {
		return err
	}
	return f.end(f.echo(ctx, mebi))
}

// halfCloseAtOnce closes its side right behind the last byte; little enough is under way to come back within that second.
func halfCloseAtOnce(ctx context.Context, t *target, k dialerKind) error {
	f, err := k.open(ctx, t, echoPort)
	if err != nil {
		return err
	}
	return f.end(func() error {
		conn, err := f.dial(ctx, echoPort)
		if err != nil {
			return err
		}
		defer conn.Close()
		sent := make([]byte, 16<<10)
		rand.Read(sent)
		if _, err := conn.Write(sent); err != nil {
			return err
		}
		if err := conn.CloseWrite(); err != nil {
			return err
		}
		return expectSame(conn, sent)
	}())
}

func parallelConnections(ctx context.Context, t *target, k dialerKind) error {
	f, err := k.open(ctx, t, echoPort)
	if err != nil {
		return err
	}
	errs := make([]error, 5)
	var group sync.WaitGroup
	for i := range errs {
		group.Go(func() { errs[i] = f.echo(ctx, 256<<10) })
	}
	group.Wait()
	return f.end(errors.Join(errs...))
}

func twoPorts(ctx context.Context, t *target, k dialerKind) error {
	f, err := k.open(ctx, t, echoPort, pagePort)
	if err != nil {
		return err
	}
	errs := make([]error, 2)
	var group sync.WaitGroup
	group.Go(func() { errs[0] = f.echo(ctx, 64<<10) })
	group.Go(func() { errs[1] = f.fetchPage(ctx) })
	group.Wait()
	return f.end(errors.Join(errs...))
}

// closedInPod compares the error with the one past the gate when there is --direct. client-go only reports it.
func closedInPod(ctx context.Context, t *target, k dialerKind) error {
	return sameError(t, func(t *target) error { return tellClosed(ctx, t, k) }, "8082")
}

// tellClosed connects to a port where nobody listens and returns the error that was reported for it.
func tellClosed(ctx context.Context, t *target, k dialerKind) error {
	f, err := k.open(ctx, t, closedPort)
	if err != nil {
		return err
	}
	conn, err := f.dial(ctx, closedPort)
	if err != nil {
		return f.end(err)
	}
	defer conn.Close()
	if read, err := io.ReadAll(conn); len(read) > 0 || isTimeout(err) {
		return f.end(fmt.Errorf("the connection gave %s and %w", shorten(string(read)), orNoError(err)))
	}
	select {
	case err := <-f.done:
		if !errors.Is(err, portforward.ErrLostConnectionToPod) {
			return fmt.Errorf("ForwardPorts returned %w", orNoError(err))
		}
	case <-ctx.Done():
		return f.end(errors.New("the port-forward goes on"))
	}
	for line := range strings.Lines(t.reported.take()) {
		if strings.Contains(line, "an error occurred forwarding") {
			return errors.New(line)
		}
	}
	return errors.New("nothing was reported")
}

func stopChannel(ctx context.Context, t *target, k dialerKind) error {
	f, err := k.open(ctx, t, echoPort)
	if err != nil {
		return err
	}
	if err := f.end(f.echo(ctx, 1<<10)); err != nil {
		return err
	}
	if conn, err := f.dial(ctx, echoPort); err == nil {
		conn.Close()
		return errors.New("the local port still listens")
	}
	return nil
}

// echo sends size random bytes, expects them back, and after a half-close the end.
func (f *forward) echo(ctx context.Context, size int) error {
	conn, err := f.dial(ctx, echoPort)
	if err != nil {
		return err
	}
	defer conn.Close()
	sent := make([]byte, size)
	rand.Read(sent)
	written := make(chan error, 1)
	go func() {
		_, err := conn.Write(sent)
		written <- err
	}()
	got := make([]byte, size)
	n, err := io.ReadFull(conn, got)
	if err != nil {
		return fmt.Errorf("%d of %d bytes came back: %w", n, size, err)
	}
	if !bytes.Equal(got, sent) {
		return fmt.Errorf("%d bytes came back changed", size)
	}
	if err := errors.Join(<-written, conn.CloseWrite()); err != nil {
		return err
	}
	return expectSame(conn, nil)
}

// fetchPage asks for httpd's page as a client of HTTP/1.0, which ends with the connection.
func (f *forward) fetchPage(ctx context.Context) error {
	conn, err := f.dial(ctx, pagePort)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "GET /index.html HTTP/1.0\r\n\r\n"); err != nil {
		return err
	}
	got, err := io.ReadAll(conn)
	if err != nil || !bytes.HasSuffix(got, []byte("\r\n\r\nhello from httpd\n")) {
		return fmt.Errorf("page %s: %w", shorten(string(got)), orNoError(err))
	}
	return nil
}

// expectSame reads conn to its end and expects want.
func expectSame(conn net.Conn, want []byte) error {
	got, err := io.ReadAll(conn)
	if err != nil {
		return fmt.Errorf("after %d of %d bytes: %w", len(got), len(want), err)
	}
	if !bytes.Equal(got, want) {
		return fmt.Errorf("%d bytes came back, not the %d sent ones", len(got), len(want))
	}
	return nil
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}
