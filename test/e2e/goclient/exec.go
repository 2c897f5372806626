package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"time"
)

const mebi = 1 << 20

func execCases() []testCase {
	facts := []struct {
		name string
		run  func(ctx context.Context, t *target, k executorKind) error
	}{
		{"exec: stdout and stderr arrive separate and whole", separateOutputs},
		{"exec: exit code 7 arrives", exitCode},
		{"exec: a 1 MiB stdin that ends comes back from cat and the stream returns", halfCloseStdin},
		{"exec: a stdin that stays open is answered line by line until it closes", openStdin},
		{"exec: 20 MiB follow a half-closed stdin", outputAfterHalfClose},
		{"exec: a terminal is resized", resizeTerminal},
		{"exec: 10 at once of 2 MiB each are whole", parallelExecs},
		{"exec: a cancelled context ends it in mid-stream", cancelExec},
		{"exec: a command that does not exist is told", missingCommand},
		{"exec: a slow reader gets all of 15 MB", slowReader},
		{"attach: the main process's lines arrive until cancelled", attachToMain},
	}
	var cases []testCase
	for _, kind := range executorKinds {
		for _, fact := range facts {
			cases = append(cases, testCase{
				name: kind.name + " " + fact.name,
				run:  func(ctx context.Context, t *target) error { return fact.run(ctx, t, kind) },
			})
		}
	}
	return cases
}

func separateOutputs(ctx context.Context, t *target, k executorKind) error {
	stdout, stderr := newSink(), newSink()
	err := k.run(ctx, t, execution{command: sh("echo out; echo err >&2"), stdout: stdout, stderr: stderr})
	if err != nil {
		return err
	}
	if stdout.String() != "out\n" || stderr.String() != "err\n" {
		return fmt.Errorf("stdout %s, stderr %s", shorten(stdout.String()), shorten(stderr.String()))
	}
	return nil
}

func exitCode(ctx context.Context, t *target, k executorKind) error {
	stdout, stderr := newSink(), newSink()
	return expectExit(k.run(ctx, t, execution{command: sh("exit 7"), stdout: stdout, stderr: stderr}), 7)
}

func halfCloseStdin(ctx context.Context, t *target, k executorKind) error {
	input := make([]byte, mebi)
	rand.Read(input)
	stdout, stderr := newMeter(), newSink()
	err := k.run(ctx, t, execution{command: []string{"cat"}, stdin: bytes.NewReader(input), stdout: stdout, stderr: stderr})
	if err != nil {
		return err
	}
	sum := sha256.Sum256(input)
	return stdout.expect(mebi, hex.EncodeToString(sum[:]))
}

func openStdin(ctx context.Context, t *target, k executorKind) error {
	reader, writer := io.Pipe()
	defer writer.Close()
	stdout, stderr := newSink(), newSink()
	script := `while read -r line; do echo "got $line"; done; echo end`
	done := k.start(ctx, t, execution{command: sh(script), stdin: reader, stdout: stdout, stderr: stderr})
	for _, word := range []string{"one", "two", "three"} {
		if _, err := io.WriteString(writer, word+"\n"); err != nil {
			return err
		}
		if err := stdout.waitFor(ctx, "got "+word+"\n"); err != nil {
			return err
		}
	}
	writer.Close()
	if err := <-done; err != nil {
		return err
	}
	if got := stdout.String(); got != "got one\ngot two\ngot three\nend\n" {
		return fmt.Errorf("stdout %s", shorten(got))
	}
	return nil
}

func outputAfterHalfClose(ctx context.Context, t *target, k executorKind) error {
	const size = 20 * mebi
	stdout, stderr := newMeter(), newSink()
	err := k.run(ctx, t, execution{
		command: sh("cat >/dev/null; dd if=/dev/zero bs=1M count=20"),
		stdin:   strings.NewReader("a few bytes\n"), stdout: stdout, stderr: stderr,
	})
	if err != nil {
		return err
	}
	sum := sha256.Sum256(make([]byte, size))
	return stdout.expect(size, hex.EncodeToString(sum[:]))
}

func parallelExecs(ctx context.Context, t *target, k executorKind) error {
	const script = `f=$(mktemp) && head -c 2097152 /dev/urandom >$f && sha256sum <$f >&2; cat $f; rm $f`
	var group sync.WaitGroup
	errs := make([]error, 10)
	for i := range errs {
		group.Go(func() {
			stdout, stderr := newMeter(), newSink()
			err := k.run(ctx, t, execution{command: sh(script), stdout: stdout, stderr: stderr})
			if err == nil {
				sum, _, _ := strings.Cut(stderr.String(), " ")
				err = stdout.expect(2*mebi, sum)
			}
			if err != nil {
				errs[i] = fmt.Errorf("exec %d: %w", i, err)
			}
		})
	}
	group.Wait()
	return errors.Join(errs...)
}

func cancelExec(ctx context.Context, t *target, k executorKind) error {
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	stdout, stderr := newMeter(), newSink()
	stdout.mark = mebi
	// The node lets the command run on, also without a gate.
	script := "echo $$ >&2; exec timeout 60 cat /dev/zero"
	defer func() { t.kill(context.WithoutCancel(ctx), k, strings.TrimSpace(stderr.String())) }()
	done := k.start(inner, t, execution{command: sh(script), stdout: stdout, stderr: stderr})
	select {
	case <-stdout.reached:
	case err := <-done:
		return fmt.Errorf("ended before it was cancelled: %w", orNoError(err))
	}
	if err := stderr.waitFor(ctx, "\n"); err != nil {
		return err
	}
	cancel()
	return expectCancelled(done)
}

func missingCommand(ctx context.Context, t *target, k executorKind) error {
	tell := func(t *target) error {
		stdout, stderr := newSink(), newSink()
		return k.run(ctx, t, execution{command: []string{"no-such-command"}, stdout: stdout, stderr: stderr})
	}
	return sameError(t, tell, "no-such-command")
}

func slowReader(ctx context.Context, t *target, k executorKind) error {
	const last = 2_000_000
	want := newMeter()
	line := []byte{}
	for i := 1; i <= last; i++ {
		line = append(strconv.AppendInt(line[:0], int64(i), 10), '\n')
		want.Write(line)
	}
	stdout, stderr := newMeter(), newSink()
	stdout.pause = 5 * time.Millisecond
	script := fmt.Sprintf("seq 1 %d | dd bs=64k", last)
	if err := k.run(ctx, t, execution{command: sh(script), stdout: stdout, stderr: stderr}); err != nil {
		return err
	}
	return stdout.expect(want.read())
}

func attachToMain(ctx context.Context, t *target, k executorKind) error {
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	stdout, stderr := newSink(), newSink()
	done := k.start(inner, t, execution{stdout: stdout, stderr: stderr})
	for range 2 {
		if err := waitForLine(inner, stdout, done); err != nil {
			return err
		}
	}
	cancel()
	return expectCancelled(done)
}

// waitForLine waits for another of the main process's lines and forgets it.
func waitForLine(ctx context.Context, stdout *sink, done <-chan error) error {
	came := make(chan error, 1)
	go func() { came <- stdout.waitFor(ctx, "line ") }()
	select {
	case err := <-came:
		stdout.take()
		return err
	case err := <-done:
		return fmt.Errorf("attach ended: %w", orNoError(err))
	}
}
