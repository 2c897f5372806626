package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"k8s.io/client-go/tools/remotecommand"
)

// waitForSize is a command line that prints `NAME:ROWS COLUMNS` as soon as the terminal has that size. What the terminal echoes of it has
// no such text.
const waitForSize = `until [ "$(stty size)" = "%[2]s" ]; do usleep 20000; done; echo "%[1]s:$(stty size)"` + "\n"

// sizes gives the executor each size once it is sent, and ends when closed.
type sizes chan remotecommand.TerminalSize

// Next implements remotecommand.TerminalSizeQueue.
func (s sizes) Next() *remotecommand.TerminalSize {
	size, ok := <-s
	if !ok {
		return nil
	}
	return &size
}

func resizeTerminal(ctx context.Context, t *target, k executorKind) error {
	queue := make(sizes, 2)
	defer close(queue)
	stdin, keyboard := io.Pipe()
	defer keyboard.Close()
	stdout := newSink()
	queue <- remotecommand.TerminalSize{Width: 81, Height: 25}
	done := k.start(ctx, t, execution{command: []string{"sh"}, stdin: stdin, stdout: stdout, tty: true, sizes: queue})
	if err := expectSize(ctx, keyboard, stdout, "first", "25 81"); err != nil {
		return err
	}
	queue <- remotecommand.TerminalSize{Width: 132, Height: 43}
	if err := expectSize(ctx, keyboard, stdout, "second", "43 132"); err != nil {
		return err
	}
	if _, err := io.WriteString(keyboard, "exit 3\n"); err != nil {
		return err
	}
	if err := expectExit(<-done, 3); err != nil {
		return err
	}
	if !strings.Contains(stdout.String(), "\r\n") {
		return errors.New("the output is not a terminal's: no line ends with CR LF")
	}
	return nil
}

func expectSize(ctx context.Context, keyboard io.Writer, stdout *sink, name, size string) error {
	if _, err := fmt.Fprintf(keyboard, waitForSize, name, size); err != nil {
		return err
	}
	return stdout.waitFor(ctx, name+":"+size)
}
