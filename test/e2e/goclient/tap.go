package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
)

const (
	caseTimeout = 60 * time.Second
	// caseGrace is what a case has to return after its context ended.
	caseGrace = 10 * time.Second
)

// testCase is one fact about the connection. run must return when ctx ends.
type testCase struct {
	name string
	run  func(ctx context.Context, t *target) error
}

// runAll runs the cases one after the other and prints TAP; reported has what client-go reported besides returning it. It tells whether
// all passed.
func runAll(t *target, cases []testCase) bool {
	fmt.Println("TAP version 14")
	failed := 0
	for i, c := range cases {
		t.reported.take()
		startedAt := time.Now()
		err := runOne(t, c)
		ms := time.Since(startedAt).Milliseconds()
		if err == nil {
			fmt.Printf("ok %d - %s # time=%dms\n", i+1, c.name, ms)
			continue
		}
		failed++
		fmt.Printf("not ok %d - %s # time=%dms\n", i+1, c.name, ms)
		comment(err.Error())
		comment(t.reported.take())
	}
	fmt.Printf("1..%d\n# %d passed, %d failed\n", len(cases), len(cases)-failed, failed)
	return failed == 0
}

func runOne(t *target, c testCase) error {
	ctx, cancel := context.WithTimeout(context.Background(), caseTimeout)
	defer cancel()
	done := make(chan error, 1)
	go func() {
		defer func() {
			if p := recover(); p != nil {
				done <- fmt.Errorf("panic: %v", p)
			}
		}()
		done <- c.run(ctx, t)
	}()
	select {
	case err := <-done:
		return err
	case <-time.After(caseTimeout + caseGrace):
		stacks := make([]byte, 1<<20)
		fmt.Fprintf(os.Stderr, "%s does not end:\n%s\n", c.name, stacks[:runtime.Stack(stacks, true)])
		return fmt.Errorf("did not return %s after its context had ended", caseGrace)
	}
}

func comment(text string) {
	for line := range strings.Lines(text) {
		fmt.Printf("# %s\n", strings.TrimRight(line, "\n"))
	}
}
