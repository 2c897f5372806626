package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"

	utilexec "k8s.io/client-go/util/exec"
)

// cancelLimit is what a stream has to end after it was cancelled.
const cancelLimit = 5 * time.Second

// expectExit is nil when err says that the command ended with code.
func expectExit(err error, code int) error {
	var exit utilexec.CodeExitError
	if !errors.As(err, &exit) {
		return fmt.Errorf("not an exit code but %T: %w", err, orNoError(err))
	}
	if exit.Code != code {
		return fmt.Errorf("exit code %d instead of %d", exit.Code, code)
	}
	return nil
}

func orNoError(err error) error {
	if err == nil {
		return errors.New("no error")
	}
	return err
}

// expectCancelled is nil when done gives context.Canceled in time.
func expectCancelled(done <-chan error) error {
	select {
	case err := <-done:
		if !errors.Is(err, context.Canceled) {
			return fmt.Errorf("not context.Canceled but %w", orNoError(err))
		}
		return nil
	case <-time.After(cancelLimit):
		return fmt.Errorf("goes on %s after it was cancelled", cancelLimit)
	}
}

// sameError is nil when tell fails with text in its message and, with --direct, as it does past the gate.
func sameError(t *target, tell func(t *target) error, text string) error {
	err := tell(t)
	if err == nil || !strings.Contains(err.Error(), text) {
		return fmt.Errorf("expected an error with %q, got %w", text, orNoError(err))
	}
	if t.direct == nil {
		return nil
	}
	got, want := describe(err), describe(tell(t.direct))
	if got != want {
		return fmt.Errorf("%s, past the gate %s", got, want)
	}
	return nil
}

// identifiers are containers' and network namespaces' names, and the local port of a port-forward.
var identifiers = regexp.MustCompile(`\b[0-9a-f-]{32,64}\b|\b[0-9]+ ->`)

// describe gives the error's type and text without the numbers that differ from call to call.
func describe(err error) string {
	return fmt.Sprintf("%T %v", err, identifiers.ReplaceAllString(orNoError(err).Error(), "…"))
}

// kill ends a command that outlived its stream.
func (t *target) kill(ctx context.Context, k executorKind, pid string) {
	ctx, cancel := context.WithTimeout(ctx, cancelLimit)
	defer cancel()
	if err := k.run(ctx, t, execution{command: []string{"kill", pid}, stdout: io.Discard, stderr: io.Discard}); err != nil {
		comment(fmt.Sprintf("process %s was gone: %v", pid, err))
	}
}
