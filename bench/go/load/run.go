package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"syscall"
	"time"

	"postern.dev/bench/internal/program"
)

const maxReasons = 10

// run is one figure's way from set-up to the report.
type run struct {
	*target
	options
	latencies histogram
	detail    map[string]any

	limit    time.Duration
	watchdog *time.Timer
	stdin    *bufio.Reader
	began    time.Time
	cpuBegan time.Duration

	lock    sync.Mutex
	errors  int
	reasons []error
}

func newRun(t *target, o options, limit time.Duration) *run {
	r := &run{target: t, options: o, limit: limit, detail: map[string]any{}, stdin: bufio.NewReader(os.Stdin)}
	r.watchdog = time.AfterFunc(limit, func() {
		program.Check(fmt.Errorf("not over after %v: something hangs", limit))
	})
	return r
}

// ready tells the runner so and waits for its go.
func (r *run) ready() {
	r.watchdog.Stop()
	r.detail["tls"] = r.negotiated.Load()
	program.Print(struct {
		At string `json:"at"`
	}{"ready"})
	r.await()
	r.watchdog.Reset(r.limit)
	r.latencies.reset()
	r.cpuBegan = ownCPU()
	r.began = time.Now()
}

// await waits for the runner's line; without a runner there is nothing left to do.
func (r *run) await() {
	if _, err := r.stdin.ReadString('\n'); err != nil {
		if err == io.EOF {
			err = errors.New("the runner went")
		}
		program.Check(err)
	}
}

type report struct {
	At      string         `json:"at"`
	Work    float64        `json:"work"`
	Unit    string         `json:"unit"`
	Seconds float64        `json:"seconds"`
	P50     *float64       `json:"p50,omitempty"`
	P99     *float64       `json:"p99,omitempty"`
	Max     *float64       `json:"max,omitempty"`
	Errors  int            `json:"errors"`
	Detail  map[string]any `json:"detail"`
}

// done reports. detail.cpuSeconds is what the work cost the generator itself, to show that it was not the bottleneck.
func (r *run) done(work float64, unit string) {
	seconds := time.Since(r.began).Seconds()
	r.detail["cpuSeconds"] = (ownCPU() - r.cpuBegan).Seconds()
	r.lock.Lock()
	defer r.lock.Unlock()
	result := report{At: "done", Work: work, Unit: unit, Seconds: seconds, Errors: r.errors, Detail: r.detail}
	if r.latencies.count() > 0 {
		p50, p99, worst := r.latencies.quantile(0.5).Seconds(), r.latencies.quantile(0.99).Seconds(), r.latencies.max().Seconds()
		result.P50, result.P99, result.Max = &p50, &p99, &worst
	}
	program.Print(result)
}

// exit ends the program, with 1 and the reasons if there were errors.
func (r *run) exit() {
	r.lock.Lock()
	defer r.lock.Unlock()
	for _, reason := range r.reasons {
		fmt.Fprintln(os.Stderr, "load:", reason)
	}
	if r.errors > 0 {
		fmt.Fprintf(os.Stderr, "load: %d errors\n", r.errors)
		os.Exit(1)
	}
	os.Exit(0)
}

// note counts an error; the first few are kept for stderr.
func (r *run) note(err error) {
	if err == nil {
		return
	}
	r.lock.Lock()
	defer r.lock.Unlock()
	r.errors++
	if len(r.reasons) < maxReasons {
		r.reasons = append(r.reasons, err)
	}
}

// together does n things at once, each on its own goroutine, and notes the errors of all. A thing that failed is not tried again: its
// connection is no use any more, and the run has failed anyway.
func (r *run) together(n int, do func(i int) error) {
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() { r.note(do(i)) })
	}
	group.Wait()
}

// prepare is together for set-up and warm-up: an error there ends the figure before it begins. At most 32 at once: a handshake queue
// of thousands would measure the proxy's accept backlog.
func (r *run) prepare(n int, do func(i int) error) error {
	places := make(chan struct{}, 32)
	r.together(n, func(i int) error {
		places <- struct{}{}
		defer func() { <-places }()
		return do(i)
	})
	return r.failed()
}

// failed is what was noted so far.
func (r *run) failed() error {
	r.lock.Lock()
	defer r.lock.Unlock()
	return errors.Join(r.reasons...)
}

// ownCPU is the program's user and system time.
func ownCPU() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
